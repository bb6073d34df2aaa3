import { copyHeaders, type FetchInit, freezeBody, type OwnHeaders, setHeader } from './requests.ts'
import type { Sendable } from './send-with-token.ts'
import { absoluteUrlOf } from './token-origins.ts'

/** Options with the token among the headers. */
export type TransmitInit = FetchInit & { headers: HeadersInit }

/** A fetch to an allowed origin, taken apart by a door. */
export interface OutgoingFetch {
  /** Where it goes, such as `https://api.example`. */
  readonly origin: string
  /** The same, whole; in a page perhaps relative. */
  readonly url: string
  /** The name of the header that carries the token. */
  readonly header: string
  readonly isOneShot: boolean
  /** The `Request`, where the target is one; options left out of `init` are in there. */
  readonly request?: Request
  /** The door's own copy of the second argument. */
  readonly init: FetchInit
  /** Calls the underlying fetch. */
  transmit(init: TransmitInit, isReplay: boolean): Promise<Response>
}

/**
 * Makes a `Sendable` of a fetch.
 *
 * The token is put only on options that are made here, anew for each send: nothing that the caller holds, nor a
 * `Request` that an error of ky's shows, ever has it.
 */
export function createSendable(outgoing: OutgoingFetch): Sendable {
  const { origin, header, isOneShot, request } = outgoing
  const init: FetchInit = { ...outgoing.init, ...keptReferrer(request, outgoing.init), ...redirectOf(outgoing) }
  if (init.body) init.body = freezeBody(init.body) as BodyInit
  if (isOneShot && init.body) init.duplex ??= 'half'
  // A copy from the start: callers change and re-use their headers while a refresh is awaited.
  let headers = copyHeaders(init.headers ?? request?.headers)
  let isReplay = false

  return {
    origin,
    // Parsing a URL is most of what a request with a fresh token would cost, which does not ask.
    target: () => ({ method: methodOf(init.method ?? request?.method), url: absoluteUrlOf(outgoing.url) }),
    isOneShot,
    signal: init.signal ?? request?.signal,
    send(authorization, proof) {
      if (isReplay) headers = copyHeaders(headers)
      setHeader(headers, header, authorization)
      if (proof !== undefined) headers = withProof(headers, proof)
      // Fetch would forward the proof to other origins.
      const redirect = proof === undefined ? undefined : withoutRedirect(init.redirect ?? request?.redirect)
      const response = outgoing.transmit({ ...init, ...redirect, headers }, isReplay)
      isReplay = true
      return response
    },
  }
}

/**
 * Redirects that must not be followed: with a one-shot body, because Node's fetch keeps a copy of all of it to be able
 * to; with a header other than `Authorization`, because fetch forwards that to other origins.
 */
function redirectOf({ isOneShot, header, init, request }: OutgoingFetch): FetchInit | undefined {
  if (!isOneShot && header.toLowerCase() === 'authorization') return undefined
  return withoutRedirect(init.redirect ?? request?.redirect)
}

/** With `manual` nothing is followed, and the caller wants to see the redirect. */
function withoutRedirect(redirect: RequestRedirect | undefined): FetchInit | undefined {
  return redirect === 'manual' ? undefined : { redirect: 'error' }
}

/** In place of one that the caller may have put there: it could not be of our key. */
function withProof(headers: OwnHeaders, proof: string): OwnHeaders {
  const proven = new Headers(headers)
  proven.set('DPoP', proof)
  return proven
}

/** As fetch writes it, which is what the proof has to say: it puts these in capitals and no others. */
function methodOf(method = 'GET'): string {
  return /^(?:delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method
}

/** Fetch forgets a `Request`'s referrer when it is given any other option beside it (Fetch, `new Request`, step 13). */
function keptReferrer(request: Request | undefined, init: FetchInit): FetchInit | undefined {
  if (request === undefined) return undefined
  const { referrer, referrerPolicy } = request
  return {
    ...(init.referrer === undefined && referrer !== 'about:client' ? { referrer } : {}),
    ...(init.referrerPolicy === undefined && referrerPolicy !== '' ? { referrerPolicy } : {}),
  }
}

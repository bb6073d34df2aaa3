import { classifyTransportError, readErrorCode, type TransportFailure } from '../token/classify-transport-error.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { commonHeaders, fetchDefaults, readBody } from './http.ts'
import type { ResolvedServer } from './server.ts'

/** A request to an endpoint of the authorization server. */
export interface FormRequest {
  readonly url: string
  readonly parameters?: URLSearchParams
  /** Default `form`. */
  readonly format?: 'form' | 'json'
  /** What is posted in place of parameters, to an endpoint that takes no form. */
  readonly json?: object
  readonly signal: AbortSignal
  /** Sends it with proofs, as often as that takes. */
  readonly prove?: ((sendOnce: (proof: string) => Promise<Response>) => Promise<Response>) | undefined
  /** Told of each request just before it goes out. */
  readonly onRequest?: (request: SentRequest) => void
  /** Told of each response when it is there, before its body is read. */
  readonly onResponse?: () => void
}

/** A request with the client's credentials. */
export interface SentRequest {
  readonly url: string
  readonly body: URLSearchParams
  readonly headers: Headers
}

/** A response and its body, `undefined` if that could not be read to its end; or why there is none. */
export type FormAnswer =
  | { readonly kind: 'answer'; readonly response: Response; readonly text: string | undefined }
  | { readonly kind: 'failed'; readonly failure: TransportFailure }

/**
 * Posts parameters, authenticated as the client, and reads the answer. Never throws, never retries, never follows a
 * redirect. `sent: 'no'` where nothing can have reached the server.
 *
 * @see RFC 6749, section 3.2
 */
export async function postForm(server: ResolvedServer, request: FormRequest): Promise<FormAnswer> {
  const { signal, prove, onResponse } = request
  let isHandedToFetch = false

  async function sendOnce(proof?: string): Promise<Response> {
    isHandedToFetch = false
    const { url, body, headers } = await authenticate(server, request)
    // After an abort, the caller was told that nothing was sent.
    signal.throwIfAborted()
    if (proof !== undefined) headers.set('dpop', proof)
    request.onRequest?.({ url, body, headers })
    const { format, json = format === 'json' ? Object.fromEntries(body) : undefined } = request
    const init = {
      method: 'POST',
      headers: Object.fromEntries(headers),
      body: json === undefined ? body : JSON.stringify(json),
      signal,
      ...fetchDefaults(),
    }
    isHandedToFetch = true
    // Not as a method: a browser's `fetch` must not be called on another object.
    const { fetch } = server
    const response = await fetch(url, init)
    onResponse?.()
    return response
  }

  try {
    const response = await untilAborted(prove === undefined ? sendOnce() : prove(sendOnce), signal)
    return { kind: 'answer', response, text: await readBody(response, { signal }) }
  } catch (error) {
    if (isHandedToFetch) return { kind: 'failed', failure: classifyTransportError(error, { signal }) }
    const code = signal.aborted ? 'timeout' : (readErrorCode(error) ?? 'requestNotBuilt')
    return { kind: 'failed', failure: { kind: 'transport', sent: 'no', code } }
  }
}

async function authenticate(server: ResolvedServer, request: FormRequest): Promise<SentRequest> {
  const { url, parameters, format, json } = request
  const { issuer, clientId, clientAuthentication, userAgent } = server
  const headers = commonHeaders(userAgent)
  const isJson = format === 'json' || json !== undefined
  headers.set('content-type', isJson ? 'application/json' : 'application/x-www-form-urlencoded;charset=UTF-8')
  const body = new URLSearchParams(parameters)
  await clientAuthentication({ issuer, clientId, body, headers })
  return { url, body, headers }
}

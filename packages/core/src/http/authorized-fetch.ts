import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { bodyKindOf, hiddenBodyKindOf } from './request-body.ts'
import { hasHeader } from './request-headers.ts'
import { copyInit, isRequest } from './request-options.ts'
import type { RequestPort } from './request-port.ts'
import { createTokenSender, type Sendable, sendWithToken, type TokenSender } from './send-with-token.ts'
import { createSendable, type OutgoingFetch } from './sendable.ts'

/** Options of `createFetch`. */
export interface AuthorizedFetchOptions {
  /** What sends the requests. Default: whatever `globalThis.fetch` is when a request is made. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Whether a body inside a `Request` is cloned, so that it can be sent again after a rejection. The clone is kept in
   * memory until the response arrives. Default `false`: such a body is sent once.
   */
  readonly cloneRequestBodies?: boolean | undefined
}

/**
 * A `fetch` that puts a session's access token on requests to its allowed origins.
 * @throws ConfigurationError
 */
export function createAuthorizedFetch(
  port: RequestPort,
  options: AuthorizedFetchOptions = {},
): typeof globalThis.fetch {
  validate(options)
  const sender = createTokenSender(port)
  const { cloneRequestBodies = false } = options

  return async function authorizedFetch(input, init) {
    const fetch = options.fetch ?? globalThis.fetch
    // The text that is judged is the text that is fetched: an object could say something else the second time.
    const target = typeof input === 'string' || isRequest(input) ? input : String(input)
    const url = typeof target === 'string' ? target : target.url
    const origin = sender.tokenOriginOf(url)
    if (origin === undefined) return fetch(input, init)
    const headers = init?.headers ?? (typeof target === 'string' ? undefined : target.headers)
    if (hasHeader(headers, port.header)) return fetch(input, init)

    const call: Call = { fetch, origin, url, header: port.header, init: copyInit(init) }
    if (typeof target === 'string') return sendWithToken(sender, sendableOfUrl(target, call))
    return cloneRequestBodies && hidesBody(target, call)
      ? sendClone(sender, target, call)
      : sendWithToken(sender, sendableOfRequest(target, call))
  }
}

type Call = Pick<OutgoingFetch, 'origin' | 'url' | 'header' | 'init'> & { readonly fetch: typeof globalThis.fetch }

/** Fetches by a function that is nobody's method: a browser's own refuses to be one of anything but its window. */
function sendableOfUrl(url: string, { fetch, ...call }: Call): Sendable {
  const isOneShot = bodyKindOf(call.init.body) === 'oneShot'
  return createSendable({ ...call, isOneShot, transmit: (init) => fetch(url, init) })
}

function sendableOfRequest(request: Request, { fetch, ...call }: Call): Sendable {
  const isOneShot = hidesBody(request, call) || bodyKindOf(call.init.body) === 'oneShot'
  return createSendable({ ...call, request, isOneShot, transmit: (init) => fetch(request, init) })
}

/** Sends clones and keeps the original for the next send. */
async function sendClone(sender: TokenSender, request: Request, { fetch, ...call }: Call): Promise<Response> {
  const transmit: OutgoingFetch['transmit'] = (init) => fetch(request.clone(), init)
  try {
    return await sendWithToken(sender, createSendable({ ...call, request, isOneShot: false, transmit }))
  } finally {
    // A fetch would have used the body up; so is it here. Not awaited: it ends when the sent clone has ended.
    request.body?.cancel().catch(() => {})
  }
}

/** Whether the body that goes out is one inside a `Request`. */
function hidesBody(request: Request, { init }: Pick<Call, 'init'>): boolean {
  return bodyKindOf(init.body) === 'none' && hiddenBodyKindOf(request) === 'oneShot'
}

const knownOptions: Record<keyof AuthorizedFetchOptions, true> = { fetch: true, cloneRequestBodies: true }

function validate(options: unknown): asserts options is AuthorizedFetchOptions {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('options', 'must be an object.')
  const { fetch, cloneRequestBodies } = options as Record<string, unknown>
  if (fetch !== undefined && typeof fetch !== 'function') throw new ConfigurationError('fetch', 'must be a function.')
  if (cloneRequestBodies !== undefined && typeof cloneRequestBodies !== 'boolean') {
    throw new ConfigurationError('cloneRequestBodies', 'must be true or false.')
  }
  rejectUnknownOptions(options, knownOptions)
}

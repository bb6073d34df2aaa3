import { callable, checkOptions, flag, type OptionRules } from '../errors/check-options.ts'
import type { SessionCore } from '../session/session-core.ts'
import { type MarkedInit, ownRequest } from '../token/own-request.ts'
import type { AuthorizedFetchOptions } from './authorized-fetch-options.ts'
import { bodyKindOf, copyInit, hasHeader, hiddenBodyKindOf, isRequest } from './requests.ts'
import { type Sendable, sendWithToken } from './send-with-token.ts'
import { createSendable, type OutgoingFetch } from './sendable.ts'
import { createTokenOrigins } from './token-origins.ts'

/**
 * A `fetch` that puts a session's access token on requests to its allowed origins.
 * @throws ConfigurationError
 */
export function createAuthorizedFetch(
  core: SessionCore,
  options: AuthorizedFetchOptions = {},
): typeof globalThis.fetch {
  checkOptions(options, rules)
  const tokenOriginOf = createTokenOrigins(core.options.allowedOrigins)
  const { cloneRequestBodies = false } = options
  const { header } = core.options
  const { fetch = createDefaultFetch() } = options

  return async (input, init) => {
    if ((init as MarkedInit | undefined)?.[ownRequest]) return fetch(input, init)
    // The text that is judged is the text that is fetched: an object could say something else the second time.
    const target = typeof input === 'string' || isRequest(input) ? input : String(input)
    const url = typeof target === 'string' ? target : target.url
    const origin = tokenOriginOf(url)
    if (origin === undefined) return fetch(input, init)
    const headers = init?.headers ?? (typeof target === 'string' ? undefined : target.headers)
    if (hasHeader(headers, header)) return fetch(input, init)

    const call: Call = { fetch, origin, url, header, init: copyInit(init) }
    if (typeof target === 'string') return sendWithToken(core, sendableOfUrl(target, call))
    return cloneRequestBodies && hidesBody(target, call)
      ? sendClone(core, target, call)
      : sendWithToken(core, sendableOfRequest(target, call))
  }
}

/**
 * What `globalThis.fetch` is at the time of a call. An app may have put the authorized function itself there, bare or
 * wrapped by a logger: what comes back in the midst of a call, or marked by it, goes to what was there before.
 */
function createDefaultFetch(): typeof globalThis.fetch {
  const before = globalThis.fetch
  const mark = Symbol('authchart.called')
  let isCalling = false
  return (input, init) => {
    if (isCalling || (init as Record<symbol, unknown> | undefined)?.[mark] === true) return before(input, init)
    isCalling = true
    try {
      return globalThis.fetch(input, { ...copyInit(init), [mark]: true } as RequestInit)
    } finally {
      isCalling = false
    }
  }
}

type Call = Pick<OutgoingFetch, 'origin' | 'url' | 'header' | 'init'> & { readonly fetch: typeof globalThis.fetch }

/** Fetches by a free function: a browser's own refuses to be a method of anything but its window. */
function sendableOfUrl(url: string, { fetch, ...call }: Call): Sendable {
  const isOneShot = bodyKindOf(call.init.body) === 'oneShot'
  return createSendable({ ...call, isOneShot, transmit: (init) => fetch(url, init) })
}

function sendableOfRequest(request: Request, { fetch, ...call }: Call): Sendable {
  const isOneShot = hidesBody(request, call) || bodyKindOf(call.init.body) === 'oneShot'
  return createSendable({ ...call, request, isOneShot, transmit: (init) => fetch(request, init) })
}

/** Sends clones and keeps the original for the next send. */
async function sendClone(core: SessionCore, request: Request, { fetch, ...call }: Call): Promise<Response> {
  const transmit: OutgoingFetch['transmit'] = (init) => fetch(request.clone(), init)
  try {
    return await sendWithToken(core, createSendable({ ...call, request, isOneShot: false, transmit }))
  } finally {
    // A fetch would have used the body up; so is it here. Not awaited: it ends when the sent clone has ended.
    request.body?.cancel().catch(() => {})
  }
}

/** Whether the body that goes out is one inside a `Request`. */
function hidesBody(request: Request, { init }: Pick<Call, 'init'>): boolean {
  return bodyKindOf(init.body) === 'none' && hiddenBodyKindOf(request) === 'oneShot'
}

const rules: OptionRules<AuthorizedFetchOptions> = { fetch: callable, cloneRequestBodies: flag }

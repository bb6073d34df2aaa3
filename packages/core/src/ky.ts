import type { InitHook, Options, RetryOptions } from 'ky'
import {
  bodyKindOf,
  copyInit,
  type FetchInit,
  freezeBody,
  hasHeader,
  hiddenBodyKindOf,
  isRequest,
} from './http/requests.ts'
import { sendWithToken } from './http/send-with-token.ts'
import { createSendable, type TransmitInit } from './http/sendable.ts'
import { createTokenOrigins } from './http/token-origins.ts'
import { coreOf } from './session/live-session.ts'
import type { Session } from './session/session.ts'
import type { SessionCore } from './session/session-core.ts'

type Fetch = typeof globalThis.fetch

/**
 * Hooks for ky 2 that put a session's access token on requests to the session's `allowedOrigins`, and after a
 * rejection send the request once more with the next token, with any `retry` options of ky's.
 *
 * Requests to other origins, and those with the app's own `Authorization` header, go out untouched, through the app's
 * own `fetch` option if there is one. ky's own retries carry the token of their moment; ky's `timeout` includes the wait
 * for a refresh and the second send.
 *
 * Bodies that can be sent only once are sent once, without following redirects, with a token that is good for a minute
 * at least; a 401 for them is returned as it is. Such are streams and async iterables (which also go without ky's
 * retries, since ky would keep a copy of them), the body of a `Request` handed to ky, and that of a new `Request` which
 * a hook of the app has put in the place of ky's. `onUploadProgress` tells of the first send only.
 *
 * What ky throws for a request without a token is the session's own error, a `SessionError`, not wrapped.
 *
 * @throws ConfigurationError when the session lists no origin
 * @example
 * const api = ky.extend({ hooks: createKyHooks(session) })
 * const invoices = await api.get('https://api.acme.example/invoices').json()
 * @see RFC 6750, section 2.1
 */
export function createKyHooks(session: Session): { init: InitHook[] } {
  const core = coreOf(session)
  const tokenOriginOf = createTokenOrigins(core.options.allowedOrigins)
  const mark = markOf(session)
  // An `init` hook rather than `beforeRequest` and `afterResponse`: those put the token on a `Request` that ky shows in
  // its errors, cost a clone of every response, and can retry only as often and as late as the app's `retry` allows.
  return {
    init: [
      (options) => {
        // `extend` collects hooks, so the same may be there twice.
        if (options.fetch !== undefined && mark in options.fetch) return
        const fetch = createKyFetch(core, options, tokenOriginOf) as Fetch & Record<symbol, true>
        fetch[mark] = true
        options.fetch = fetch
      },
    ],
  }
}

const marks = new WeakMap<Session, symbol>()

/** What a `fetch` option that was made here for this session is known by; it does not lead to the session. */
function markOf(session: Session): symbol {
  const mark = marks.get(session) ?? Symbol('authchart')
  marks.set(session, mark)
  return mark
}

/** The `fetch` for one call of ky: sends each of its attempts with the token of the moment. */
function createKyFetch(core: SessionCore, options: Options, tokenOriginOf: (url: string) => string | undefined): Fetch {
  const appFetch = options.fetch as Fetch | undefined
  const { header } = core.options
  const findBody = watchBody(options)

  return async (input, init) => {
    const fetch = appFetch ?? globalThis.fetch
    if (!isRequest(input)) return fetch(input, init)
    const origin = tokenOriginOf(input.url)
    if (origin === undefined || hasHeader(init?.headers ?? input.headers, header)) return fetch(input, init)
    const { isOneShot, body } = findBody(input)
    const sendable = createSendable({
      origin,
      url: input.url,
      header,
      isOneShot,
      request: input,
      init: copyInit(init),
      // First with the body that ky put into its request, which may be one that reports progress.
      transmit: (own, isReplay) => fetch(input, isReplay && body !== undefined ? withBody(own, body, options) : own),
    })
    return sendWithToken(core, sendable)
  }
}

/** The same body for a second send; a form gets a new boundary, unless the app wrote the `Content-Type` itself. */
function withBody(init: TransmitInit, body: BodyInit, options: Options): FetchInit {
  const headers = new Headers(init.headers)
  const type = headers.get('content-type')
  if (body instanceof FormData && type !== new Headers(options.headers as HeadersInit).get('content-type')) {
    headers.delete('content-type')
  }
  return { ...init, headers, body }
}

interface KnownBody {
  readonly isOneShot: boolean
  /** What the body is made from, if it can be sent again. */
  readonly body?: BodyInit
}

/**
 * Watches what becomes of the body in one call of ky; the function it returns tells what is known of a request's.
 *
 * ky hands its `fetch` a `Request`, which hides what its body was made from; the options still show it here.
 */
function watchBody(options: Options): (request: Request) => KnownBody {
  // Most calls are these. Should a hook after this one make another of it, its body counts as one that cannot be seen.
  if (/^(get|head)$/i.test(options.method ?? '')) return hiddenBodyOf
  const json = captureJson(options)
  const isReplaced = watchReplacement(options)
  if (options.json === undefined && bodyKindOf(options.body) === 'oneShot')
    options.retry = withoutRetries(options.retry)
  const given = freezeBody(options.body)

  return (request) => {
    const body = options.json === undefined ? given : json()
    const isKnown = hiddenBodyKindOf(request) !== 'none' && !isReplaced() && bodyKindOf(body) === 'replayable'
    return isKnown ? { isOneShot: false, body: body as BodyInit } : hiddenBodyOf(request)
  }
}

/** What is known of a body by its request alone: whether there is one. */
function hiddenBodyOf(request: Request): KnownBody {
  return { isOneShot: hiddenBodyKindOf(request) !== 'none' }
}

/** Keeps the text that ky makes of its `json` option: making it anew could give another. */
function captureJson(options: Options): () => string | undefined {
  const { stringifyJson } = options
  let text: string | undefined
  options.stringifyJson = (data) => {
    text = stringifyJson?.(data) ?? JSON.stringify(data)
    // Undefined where the data cannot be JSON, such as a function; ky's declarations do not know that either.
    return text as string
  }
  return () => text
}

/** Tells whether a hook of the app has put another `Request`, whose body may differ, in the place of ky's. */
function watchReplacement(options: Options): () => boolean {
  let isReplaced = false
  const watch = <State extends { request: Request }, Result>(hook: (state: State) => Result | Promise<Result>) => {
    return async (state: State) => {
      const result = await hook(state)
      isReplaced ||= replacesRequest(result, state.request)
      return result
    }
  }
  const { beforeRequest = [], beforeRetry = [], afterResponse = [] } = options.hooks ?? {}
  if (beforeRequest.length + beforeRetry.length + afterResponse.length > 0) {
    options.hooks = {
      ...options.hooks,
      beforeRequest: beforeRequest.map((hook) => watch(hook)),
      beforeRetry: beforeRetry.map((hook) => watch(hook)),
      afterResponse: afterResponse.map((hook) => watch(hook)),
    }
  }
  return () => isReplaced
}

/** Hooks return a `Request`, or, after a response, `ky.retry({ request })`. */
function replacesRequest(result: unknown, current: Request): boolean {
  if (isRequest(result)) return result !== current
  const retry = (result as { options?: { request?: unknown } } | null | undefined)?.options
  return isRequest(retry?.request) && retry.request !== current
}

/**
 * ky keeps a copy of every body that it may have to send again; of a stream that is all of it. A number, which is a limit
 * too, spreads to nothing.
 */
function withoutRetries(retry: Options['retry']): RetryOptions {
  return { ...(retry as RetryOptions | undefined), limit: 0 }
}

import { createAuthorizedFetch } from './http/authorized-fetch.ts'
import type { AuthorizedFetchOptions } from './http/authorized-fetch-options.ts'
import { coreOf } from './session/live-session.ts'
import type { Session } from './session/session.ts'

export type { AuthorizedFetchOptions } from './http/authorized-fetch-options.ts'

/**
 * A `fetch` that puts a session's access token on requests to the session's `allowedOrigins`, and after a rejection
 * sends the request once more with the next token.
 *
 * Requests to other origins, and those with the app's own `Authorization` header, go out untouched. Bodies that can be
 * sent only once (streams, async iterables, a body inside a `Request`) are sent once, without following redirects, with
 * a token that is good for a minute at least; a 401 for them is returned as it is. Handing the result to ky as its
 * `fetch` is not supported; that is what `createKyHooks` of `@authchart/core/ky` is for.
 *
 * @throws ConfigurationError when the session lists no origin, or an option is malformed or unknown. The function it
 * returns rejects with a `SessionError` when there is no token, before anything is sent; with the signal's reason; and
 * with what the underlying fetch throws.
 * @example
 * const authorizedFetch = createFetch(session)
 * const response = await authorizedFetch('https://api.acme.example/invoices')
 * @see RFC 6750, section 2.1
 */
export function createFetch(session: Session, options?: AuthorizedFetchOptions): typeof globalThis.fetch {
  return createAuthorizedFetch(coreOf(session), options)
}

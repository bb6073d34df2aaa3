import { ConfigurationError, type Session, StoreError } from '@authchart/core'
import { type AuthorizationOptions, beginAuthorization } from '@authchart/core/oauth'
import { keepSignIn } from './kept-sign-in.ts'
import { findReturnTo } from './page-address.ts'
import { readRedirectUri } from './redirect-uri.ts'
import { readReturnTo } from './return-to.ts'
import { forgetCompletion } from './shared-completion.ts'

/** How to sign in: the options of `beginAuthorization`, and where the user is to be afterwards. */
export interface RedirectOptions extends Omit<AuthorizationOptions, 'redirectUri'> {
  /**
   * Where the server sends the page, as the client has registered it: a URL of this origin, or a path such as
   * `/callback`. Default: the page's address without query and fragment, which suits an app of one address.
   */
  readonly redirectUri?: string
  /** Where the user is to be afterwards: an address of this origin. Default: where the sign-in begins. */
  readonly returnTo?: string
}

/**
 * Sends the page to the authorization server, to come back to where `completeRedirect` is called.
 *
 * First it makes sure that the store could keep the sign-in. What is needed to complete it is kept in `sessionStorage`.
 * The page is then left, so that nothing more happens here; only where the user comes back to this very page by the
 * browser's back button, and the browser has kept it alive, does the promise resolve.
 *
 * @example
 * await beginRedirect(session, { ...server, redirectUri: '/callback', scope: 'openid offline_access' })
 * @throws StoreError when the store or `sessionStorage` could not keep a sign-in; the page stays
 * @throws SignInError as `beginAuthorization` does; the page stays
 * @throws ConfigurationError when an option is missing, malformed or unknown, such as a `returnTo` of another origin
 * @throws the signal's reason
 * @see RFC 6749, section 4.1.1; RFC 9700, sections 2.1 and 4.11
 */
export async function beginRedirect(
  session: Pick<Session, 'key' | 'checkStore'>,
  options: RedirectOptions,
): Promise<void> {
  requirePage()
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('options', 'must be an object such as { issuer, clientId, redirectUri, scope }.')
  }
  const { returnTo: askedReturnTo, redirectUri: askedRedirectUri = pageWithoutQuery(), ...authorization } = options
  const returnTo = askedReturnTo === undefined ? defaultReturnTo() : requireReturnTo(askedReturnTo)
  const redirectUri = readRedirectUri(askedRedirectUri, location.href)
  const { signal } = authorization
  signal?.throwIfAborted()
  await session.checkStore()
  const { url, transaction } = await beginAuthorization({ ...authorization, redirectUri })
  signal?.throwIfAborted()
  keepSignIn({ key: session.key, transaction, returnTo }, Date.now())
  forgetCompletion(session.key)
  const isBack = untilShownAgain()
  location.assign(url)
  await isBack
}

/** Out of the back and forward cache. */
function untilShownAgain(): Promise<void> {
  return new Promise((resolve) => {
    // The first one may be that of the load that is still going on.
    addEventListener('pageshow', function listen({ persisted }) {
      if (!persisted) return
      removeEventListener('pageshow', listen)
      resolve()
    })
  })
}

function pageWithoutQuery(): string {
  return location.origin + location.pathname
}

/** Where the user is; after a sign-in that failed, where that one was to lead. */
function defaultReturnTo(): string {
  return readReturnTo(findReturnTo(), location.href) ?? readReturnTo(location.href, location.href) ?? '/'
}

function requireReturnTo(value: unknown): string {
  const returnTo = readReturnTo(value, location.href)
  if (returnTo !== undefined) return returnTo
  throw new ConfigurationError('returnTo', 'must be an address of this page’s origin, such as "/orders?open=5".')
}

function requirePage(): void {
  if (globalThis.document !== undefined) return
  throw new StoreError(
    'storeMissing',
    'There is no page here that could be sent to the authorization server: call beginRedirect in a page, not in a worker or on a server.',
  )
}

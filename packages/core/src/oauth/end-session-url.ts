import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { isSecureEndpoint } from './discover-metadata.ts'
import { type AuthorizationServerOptions, assertText, knownServerOptions, readServerOptions } from './server-options.ts'
import { findSignInMetadata } from './sign-in-metadata.ts'

export interface EndSessionOptions extends AuthorizationServerOptions {
  /** The id token of the session that was signed out, as `session.signOut({ returnIdToken: true })` gives it. */
  readonly idTokenHint?: string | undefined
  /** Where the browser goes afterwards; one that the client has registered. */
  readonly postLogoutRedirectUri?: string
  /** What the server adds to that address as `state`. */
  readonly state?: string
  /** Ends the wait for the server's metadata with its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The URL that ends the user's session at the authorization server too, so that the next sign-in asks again: for the
 * browser. `undefined` when the server offers none.
 *
 * The id token stands in that URL, which is what the specification asks for: it is for the browser, not for logs.
 *
 * @example
 * const { idToken } = await session.signOut({ returnIdToken: true })
 * const url = await endSessionUrl({ ...server, idTokenHint: idToken, postLogoutRedirectUri })
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @throws SignInError `unavailable` when the server's metadata cannot be had
 * @throws the signal's reason
 * @see OpenID Connect RP-Initiated Logout 1.0, section 2
 */
export async function endSessionUrl(options: EndSessionOptions): Promise<string | undefined> {
  const server = readServerOptions(options)
  rejectUnknownOptions(options, knownOptions)
  const { idTokenHint, postLogoutRedirectUri, state, signal } = options
  const parameters = {
    idTokenHint: ['id_token_hint', idTokenHint],
    postLogoutRedirectUri: ['post_logout_redirect_uri', postLogoutRedirectUri],
    state: ['state', state],
  } as const
  for (const [option, [, value]] of Object.entries(parameters)) if (value !== undefined) assertText(value, option)
  signal?.throwIfAborted()
  const { end_session_endpoint: endpoint } = await findSignInMetadata(server, signal)
  if (!isSecureEndpoint(endpoint)) return undefined
  const url = new URL(endpoint)
  url.searchParams.set('client_id', server.clientId)
  for (const [name, value] of Object.values(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}

const knownOptions: Record<keyof EndSessionOptions, true> = {
  ...knownServerOptions,
  idTokenHint: true,
  postLogoutRedirectUri: true,
  state: true,
  signal: true,
}

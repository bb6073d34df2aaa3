import { type OptionRules, text } from '../errors/check-options.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { isSecureEndpoint } from './metadata.ts'
import { type AuthorizationServerOptions, parametersRule, readServer } from './server.ts'
import { findSignInMetadata, signalRule } from './sign-in-request.ts'

export interface EndSessionOptions extends AuthorizationServerOptions {
  /** The id token of the session that was signed out, as `session.signOut({ returnIdToken: true })` gives it. Default: none. */
  readonly idTokenHint?: string | undefined
  /** Where the browser goes afterwards; one that the client has registered. Default: it stays at the server. */
  readonly postLogoutRedirectUri?: string
  /** What the server adds to that address as `state`. Default: nothing. */
  readonly state?: string
  /** What else the server wants to be told. Default: nothing. */
  readonly extraParameters?: Readonly<Record<string, string>>
  /** Ends the wait for the server's metadata with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The URL that ends the user's session at the authorization server too, so that the next sign-in asks again: for the
 * browser.
 *
 * The id token stands in that URL, which is what the specification asks for: it is for the browser, not for logs.
 *
 * @example
 * const { idToken } = await session.signOut({ returnIdToken: true })
 * location.assign(await endSessionUrl({ ...server, idTokenHint: idToken, postLogoutRedirectUri }))
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @throws SignInError `refused` when the server has no such endpoint; `unavailable` when its metadata cannot be had
 * @throws the signal's reason
 * @see OpenID Connect RP-Initiated Logout 1.0, section 2
 */
export async function endSessionUrl(options: EndSessionOptions): Promise<string> {
  const server = readServer(options, rules)
  const { idTokenHint, postLogoutRedirectUri, state, extraParameters, signal } = options
  signal?.throwIfAborted()
  const { end_session_endpoint: endpoint } = await findSignInMetadata(server, signal, 'end_session_endpoint')
  if (!isSecureEndpoint(endpoint)) {
    throw new SignInError(
      'refused',
      'This authorization server names no endpoint for signing out: its own session goes on. If it has one, give `metadata: { end_session_endpoint }`.',
    )
  }
  const url = new URL(endpoint)
  const parameters = {
    client_id: server.clientId,
    id_token_hint: idTokenHint,
    [server.provider.logoutRedirectParameter ?? 'post_logout_redirect_uri']: postLogoutRedirectUri,
    state,
    ...extraParameters,
  }
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}

const rules: Omit<OptionRules<EndSessionOptions>, keyof AuthorizationServerOptions> = {
  idTokenHint: text,
  postLogoutRedirectUri: text,
  state: text,
  extraParameters: parametersRule,
  signal: signalRule,
}

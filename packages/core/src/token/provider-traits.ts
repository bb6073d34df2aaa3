import type { ClassifyFailure } from './failure-facts.ts'

/** What a provider does in a way of its own, beyond what its metadata can say: as presets have it. */
export interface ProviderTraits {
  /** Parameters of each authorization request, `prompt` among them; what the sign-in itself sets counts more. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** The server refuses a `code_verifier` of clients with a secret: those sign in without PKCE. */
  readonly refusesCodeVerifier?: boolean
  /** Parameters of each token request. */
  readonly tokenParameters?: Readonly<Record<string, string>>
  /** What the provider's own words mean. The session's `classifyFailure` is asked first. */
  readonly classifyFailure?: ClassifyFailure
  /** What to do when a sign-in has brought no refresh token. */
  readonly refreshTokenAdvice?: string
  /** The parameter of the end-session endpoint that names where to go afterwards: not `post_logout_redirect_uri`. */
  readonly logoutRedirectParameter?: string
  /** How the provider's API wants its tokens; the session's own `http` options count more. */
  readonly http?: ProviderHttp
}

/** How a provider's API carries and rejects tokens. */
export interface ProviderHttp {
  readonly header?: string
  readonly scheme?: string
  /** Whether a response that looks accepted says that the token is not; `body` is its JSON, if it has any. */
  readonly isRejected?: (response: { readonly status: number; readonly body?: unknown }) => boolean
}

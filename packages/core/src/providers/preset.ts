import type { ClassifyFailure } from '../token/failure-facts.ts'

/**
 * What one provider needs and no general rule covers, to be spread into the options of the authorization server: of the
 * grant, of signing in and of signing out. What an app sets after the spread counts.
 */
export interface ProviderPreset {
  /** Where the provider has one for everybody; else the app names its own. */
  readonly issuer?: string
  /** The endpoints of providers that do not publish them. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>
  /** Members of token responses and parameters of the callback without which the API cannot be called. */
  readonly keepMembers?: readonly string[]
  readonly tokenRequestFormat?: 'json'
  /** Parameters of each authorization request. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** Parameters of each token request. */
  readonly tokenParameters?: Readonly<Record<string, string>>
  /** What the provider's own words mean. An app's `classifyFailure` is asked first. */
  readonly classifyFailure?: ClassifyFailure
  /** What to do when a sign-in has brought no refresh token. */
  readonly refreshTokenAdvice?: string
  /** The parameter of the end-session endpoint that names where to go afterwards. */
  readonly logoutRedirectParameter?: string
  /** How the provider's API wants its tokens; the session's own `http` options count more. */
  readonly http?: ProviderHttp
}

export interface ProviderHttp {
  readonly header?: string
  readonly scheme?: string
  /** Whether a response that looks accepted says that the token is not. */
  readonly isRejected?: (response: { readonly status: number; readonly body?: unknown }) => boolean
}

/** Providers whose documentation has the client secret in the body, and not in a header (RFC 6749, section 2.3.1). */
export const secretInBody = { token_endpoint_auth_methods_supported: ['client_secret_post'] } as const

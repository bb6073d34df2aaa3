import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { ProviderPreset } from './preset.ts'

/** What the user or an administrator can settle without a new grant; `bad_token` is not among them. */
const liftable: readonly unknown[] = [
  'basic_action',
  'additional_action',
  'message_only',
  'consent_required',
  'user_password_expired',
]

/** A request loop, and services behind Entra that are away or late. */
const passing: readonly unknown[] = [50196, 90006, 90012, 90024, 90033]

function classifyFailure({ body }: TokenEndpointFailureFacts) {
  const codes = body?.error_codes
  if (Array.isArray(codes) && codes.some((code) => passing.includes(code))) return 'transient'
  // Said so, the refresh token is kept.
  return body?.error === 'invalid_grant' && liftable.includes(body.suberror) ? 'grantRejected' : undefined
}

const provider = {
  classifyFailure,
  refreshTokenAdvice: 'Ask for the scope `offline_access` when signing in.',
} as const

/**
 * Microsoft Entra, B2C and External ID. The app names the issuer, such as
 * `https://login.microsoftonline.com/{tenant}/v2.0`.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes for the codes
 * @see https://github.com/AzureAD/microsoft-authentication-library-for-js/blob/dev/lib/msal-common/src/error/InteractionRequiredAuthError.ts
 *   for `suberror`
 */
export const entra = { provider } as const satisfies ProviderPreset

/** Microsoft Entra for accounts of any tenant, personal ones too. Of work accounts only: set `issuer` to `…/organizations/v2.0`. */
export const entraMultiTenant = {
  issuer: 'https://login.microsoftonline.com/common/v2.0',
  provider,
} as const satisfies ProviderPreset

import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { ProviderPreset } from './preset.ts'

const sessionWords: readonly unknown[] = ['session_not_found', 'session_expired']

function classifyFailure({ body }: TokenEndpointFailureFacts) {
  return sessionWords.includes(body?.error_code) ? 'grantRejected' : undefined
}

/**
 * Supabase as an authorization server. The app names the issuer, `https://{project}.supabase.co/auth/v1`.
 *
 * @see https://supabase.com/docs/guides/auth/oauth-server
 * @see https://supabase.com/docs/guides/auth/debugging/error-codes for the words
 */
export const supabase = {
  provider: {
    classifyFailure,
  },
} as const satisfies ProviderPreset

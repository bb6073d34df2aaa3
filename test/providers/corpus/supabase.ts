import { supabase } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const supabaseEntry: ProviderEntry = {
  name: 'Supabase',
  usage: '...supabase',
  preset: supabase,
  refreshTokens: 'Not checked.',
  checked: [],
  unchecked: 'all of it: rotation with a short grace, the words of errors',
  answers: [
    {
      name: 'new tokens',
      source: 'https://supabase.com/docs/guides/auth/oauth-server',
      body: { ...newTokens, token_type: 'bearer', expires_in: 3600, expires_at: 1900003600 },
      means: 'issued',
    },
    {
      name: 'unknown',
      source: 'https://github.com/supabase/auth/issues/2829',
      status: 400,
      body: { code: 400, error_code: 'refresh_token_not_found', msg: 'Invalid Refresh Token: Refresh Token Not Found' },
      means: 'dead',
    },
    {
      name: 'used before',
      source: 'https://supabase.com/docs/guides/auth/debugging/error-codes',
      status: 400,
      body: { code: 400, error_code: 'refresh_token_already_used', msg: 'Invalid Refresh Token: Already Used' },
      means: 'dead',
    },
    {
      name: 'the user’s session has ended',
      source: 'https://supabase.com/docs/guides/auth/debugging/error-codes',
      status: 400,
      body: { code: 400, error_code: 'session_expired', msg: 'Invalid Refresh Token: Session Expired' },
      means: 'dead',
    },
    {
      name: 'too many requests',
      source: 'https://supabase.com/docs/guides/auth/debugging/error-codes',
      status: 429,
      body: { code: 429, error_code: 'over_request_rate_limit', msg: 'Request rate limit reached' },
      means: 'throttled',
    },
  ],
}

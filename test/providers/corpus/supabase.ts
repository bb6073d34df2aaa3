import { supabase } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const supabaseEntry: ProviderEntry = {
  name: 'Supabase',
  usage: '...supabase',
  preset: supabase,
  refreshTokens: 'No end of its own. Used once, with a short interval in which it serves again.',
  checked: [
    {
      what: 'that a refresh token does not expire and is used once, and what ends a session',
      kind: 'documentation',
      source: 'https://supabase.com/docs/guides/auth/sessions',
    },
    {
      what: 'the interval in which one serves again',
      kind: 'documentation',
      source: 'https://supabase.com/docs/reference/dart/auth-setsession',
    },
    {
      what: '`invalid_grant` of one that is not found',
      kind: 'public issue',
      source: 'https://github.com/supabase-community/gotrue-py/issues/353',
    },
  ],
  unchecked: 'the words of errors; whether its OAuth server does as its own sessions do',
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

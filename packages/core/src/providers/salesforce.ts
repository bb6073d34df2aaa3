import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { ProviderPreset } from './preset.ts'

function classifyFailure({ body }: TokenEndpointFailureFacts) {
  const isBusy = /already being processed/i.test(String(body?.error_description))
  return isBusy || body?.error === 'unknown_error' ? 'transient' : undefined
}

/**
 * Salesforce. Each API call goes to the `instance_url` of the token response. Two refreshes at once, or one whose answer
 * was lost, are an `invalid_grant` that passes. A sandbox or My Domain has an issuer of its own, such as
 * `https://test.salesforce.com`.
 *
 * @see https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm for `unknown_error`
 * @see https://github.com/segmentio/action-destinations/pull/2300 for "already being processed"
 */
export const salesforce = {
  issuer: 'https://login.salesforce.com',
  keepMembers: ['instance_url'],
  provider: {
    classifyFailure,
    refreshTokenAdvice: 'Ask for the scope `refresh_token` when signing in, and allow it to the connected app.',
  },
} as const satisfies ProviderPreset

import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import { type ProviderPreset, secretInBody } from './preset.ts'

function classifyFailure({ body }: TokenEndpointFailureFacts) {
  const message = String(body?.message)
  if (/invalid refresh token/i.test(message)) return 'grantRejected'
  return /(invalid|missing) client/i.test(message) ? 'clientRejected' : undefined
}

/**
 * Twitch. It has sentences in place of words.
 *
 * @see https://dev.twitch.tv/docs/authentication/refresh-tokens/
 * @see https://github.com/twitchdev/issues/issues/1037 and https://github.com/twitchdev/issues/issues/943 for the sentences
 */
export const twitch = {
  issuer: 'https://id.twitch.tv/oauth2',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://id.twitch.tv/oauth2/authorize',
    device_authorization_endpoint: 'https://id.twitch.tv/oauth2/device',
    token_endpoint: 'https://id.twitch.tv/oauth2/token',
    revocation_endpoint: 'https://id.twitch.tv/oauth2/revoke',
  },
  provider: {
    classifyFailure,
  },
} as const satisfies ProviderPreset

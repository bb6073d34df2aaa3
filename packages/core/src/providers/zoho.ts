import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import { type ProviderPreset, secretInBody } from './preset.ts'

function classifyFailure({ body }: TokenEndpointFailureFacts) {
  if (body?.error === 'Access Denied') return 'transient'
  return body?.error === 'invalid_code' ? 'grantRejected' : undefined
}

/**
 * Zoho, of one of its data centres. More than ten access tokens in ten minutes are an `Access Denied` that passes. The
 * callback's `accounts-server` names the data centre of the user, the token response's `api_domain` where to call.
 *
 * @param dataCentre the end of its addresses, such as `com`, `eu`, `in`, `com.au`, `jp` or `ca`
 * @see https://www.zoho.com/accounts/protocol/oauth/multi-dc.html for the data centres
 * @see https://www.zoho.com/fsm/developer/help/api/refresh-token.html for the one of Canada
 * @see https://www.zoho.com/crm/developer/docs/api/v2/token-validity.html for `Access Denied` and `invalid_code`
 */
export function zoho(dataCentre = 'com') {
  const accounts = `https://accounts.${dataCentre === 'ca' ? 'zohocloud' : 'zoho'}.${dataCentre}`
  return {
    issuer: accounts,
    metadata: {
      token_endpoint_auth_methods_supported: secretInBody,
      authorization_endpoint: `${accounts}/oauth/v2/auth`,
      token_endpoint: `${accounts}/oauth/v2/token`,
    },
    keepMembers: ['api_domain', 'accounts-server', 'location'],
    provider: {
      authorizationParameters: { access_type: 'offline' },
      classifyFailure,
      refreshTokenAdvice:
        'Zoho gives a refresh token only with `access_type=offline`, and only with the first consent of a user: sign in with `prompt: "consent"` to be asked again.',
      http: { scheme: 'Zoho-oauthtoken' },
    },
  } as const satisfies ProviderPreset
}

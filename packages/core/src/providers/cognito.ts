import type { ProviderPreset } from './preset.ts'

/**
 * Amazon Cognito. The app names the issuer, `https://cognito-idp.{region}.amazonaws.com/{userPoolId}`. Its logout endpoint
 * takes `logout_uri` where others take `post_logout_redirect_uri`.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
 */
export const cognito = {
  provider: {
    logoutRedirectParameter: 'logout_uri',
  },
} as const satisfies ProviderPreset

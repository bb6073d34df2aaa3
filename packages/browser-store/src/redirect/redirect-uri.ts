import { ConfigurationError } from '@authchart/core'

/**
 * The redirect URI as the server is to be told it; a path is one of this origin.
 *
 * @throws ConfigurationError for one that this page could not complete
 */
export function readRedirectUri(redirectUri: unknown, page: string): string {
  if (typeof redirectUri !== 'string' || redirectUri === '' || !URL.canParse(redirectUri, page)) {
    throw new ConfigurationError('redirectUri', 'must be a URL of this page’s origin, or a path such as "/callback".')
  }
  const url = new URL(redirectUri, page)
  if (url.origin !== new URL(page).origin || url.hash !== '') {
    throw new ConfigurationError(
      'redirectUri',
      'must be of this page’s origin and without a fragment: only there can the sign-in be completed.',
    )
  }
  // An absolute one as it stands: servers compare it by its characters.
  return URL.canParse(redirectUri) ? redirectUri : url.href
}

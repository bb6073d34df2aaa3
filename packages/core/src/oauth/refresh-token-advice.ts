import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'

/** What a sign-in asked for, and of whom. */
export interface AskedFor {
  readonly clientId: string
  /** Space-separated. */
  readonly scope?: string | undefined
  /** Space-separated; `inapplicable` where the flow has no prompt, such as a device's. */
  readonly prompt?: string | undefined
  readonly metadata: AuthorizationServerMetadata
}

/**
 * What was most likely missing when a sign-in brought no refresh token, and what to do about it.
 *
 * @see OpenID Connect Core 1.0, section 11, for `offline_access` and `prompt=consent`; RFC 7591, section 2, for the
 *   client's grant types
 */
export function adviseOnRefreshToken({ clientId, scope, prompt, metadata }: AskedFor): string {
  const { grant_types_supported: grantTypes, scopes_supported: scopes } = metadata
  if (Array.isArray(grantTypes) && !grantTypes.includes('refresh_token')) {
    return 'This authorization server issues no refresh tokens, says its metadata: sign in again when the access token has expired.'
  }
  const asksForOffline = includesWord(scope, 'offline_access')
  const knowsOffline = !Array.isArray(scopes) || scopes.includes('offline_access')
  if (!asksForOffline && knowsOffline)
    return `Ask for the scope \`offline_access\` when signing in${andConsent(prompt)}.`
  if (asksForOffline && prompt !== 'inapplicable' && !includesWord(prompt, 'consent')) {
    return 'Sign in with `prompt: "consent"`: without it, servers ignore the scope `offline_access`.'
  }
  return `Allow the client ${JSON.stringify(clientId)} the grant type \`refresh_token\` at the authorization server.`
}

function andConsent(prompt: string | undefined): string {
  return prompt === 'inapplicable' || includesWord(prompt, 'consent') ? '' : ', with `prompt: "consent"`'
}

/** Whether a space-separated list has a word. */
export function includesWord(list: string | undefined, word: string): boolean {
  return list?.split(' ').includes(word) === true
}

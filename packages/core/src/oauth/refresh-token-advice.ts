import type { AuthorizationServerMetadata } from './metadata.ts'

/** What a sign-in asked for, and of whom. */
export interface AskedFor {
  readonly clientId: string
  /** Space-separated. */
  readonly scope?: string | undefined
  /** Space-separated; `inapplicable` where the flow has no prompt, such as a device's. */
  readonly prompt?: string | undefined
  readonly metadata: AuthorizationServerMetadata
}

/** Servers that want something else than the scope `offline_access`, by the end of their hosts. */
const ownWays: readonly [host: string, advice: string][] = [
  // developers.google.com/identity/protocols/oauth2/web-server, "Offline access"
  ['.google.com', 'Sign in with `extraParameters: { access_type: "offline" }` and `prompt: "consent"`.'],
  // developers.dropbox.com/oauth-guide, "Using refresh tokens"
  ['.dropbox.com', 'Sign in with `extraParameters: { token_access_type: "offline" }`.'],
  // docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code, "Refresh tokens"
  ['.twitter.com', 'Ask for the scope `offline.access` when signing in.'],
  ['.x.com', 'Ask for the scope `offline.access` when signing in.'],
]

/**
 * What was most likely missing when a sign-in brought no refresh token, and what to do about it.
 *
 * @see OpenID Connect Core 1.0, section 11, for `offline_access` and `prompt=consent`; RFC 7591, section 2, for the
 *   client's grant types
 */
export function adviseOnRefreshToken({ clientId, scope, prompt, metadata }: AskedFor): string {
  const host = `.${new URL(metadata.issuer).hostname}`
  const own = ownWays.find(([end]) => host.endsWith(end))
  if (own !== undefined) return own[1]
  const { grant_types_supported: grantTypes, scopes_supported: scopes } = metadata
  if (Array.isArray(grantTypes) && !grantTypes.includes('refresh_token')) {
    return 'This authorization server issues no refresh tokens, says its metadata: sign in again when the access token has expired.'
  }
  const asksForOffline = includesWord(scope, 'offline_access')
  const knowsOffline = !Array.isArray(scopes) || scopes.includes('offline_access')
  if (!asksForOffline && knowsOffline)
    return `Ask for the scope \`offline_access\` when signing in${andConsent(prompt)}.`
  if (asksForOffline && prompt !== 'inapplicable' && !includesWord(prompt, 'consent')) {
    return 'Sign in with `prompt: "consent"`: without it, servers may drop the scope `offline_access`.'
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

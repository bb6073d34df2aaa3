import type { Session } from '@authchart/core'
import { millisecondsIn, readObject, type StoredSignIn, takeOverUnder, textIn } from './take-over.ts'

/** Where `@auth0/auth0-spa-js` has stored its tokens, with `cacheLocation: 'localstorage'`. */
export interface Auth0Place {
  /** Its `clientId`. */
  readonly clientId: string
  /** Its `authorizationParams.audience`. Default: none. */
  readonly audience?: string
}

/**
 * Takes over the tokens that `@auth0/auth0-spa-js` (2) has in `localStorage`: signs the session in with them if it never
 * had a sign-in, and removes all entries of that client, so it happens once. Call it on every load, before the first
 * request. By default that library keeps tokens in memory only: then there is nothing to take over.
 *
 * @returns whether the session was signed in by this
 * @throws StoreError, SignInError as `session.signIn` does; the entries are left as they are then
 * @example
 * await takeOverAuth0(session, { clientId: 'acme-web', audience: 'https://api.acme.example' })
 */
export function takeOverAuth0(session: Session, { clientId, audience = 'default' }: Auth0Place): Promise<boolean> {
  // Its own lock: a tab that still runs that library does not refresh meanwhile, and finds nothing to refresh after.
  const lock = `auth0.lock.getTokenSilently.${clientId}.${audience}`
  return takeOverUnder(lock, session, () => findTokens(clientId, audience))
}

/** `CacheKey.toKey` and `WrappedCacheEntry` of auth0-spa-js: a name has the scope, and times are in seconds. */
function findTokens(clientId: string, audience: string): StoredSignIn | undefined {
  const prefix = `@@auth0spajs@@::${clientId}::`
  const names = Object.keys(localStorage).filter((name) => name.startsWith(prefix))
  const entries = names
    .filter((name) => name.startsWith(`${prefix}${audience}::`))
    .map((name) => readObject(localStorage, name))
    .sort((one, other) => (millisecondsIn(other, 'expiresAt') ?? 0) - (millisecondsIn(one, 'expiresAt') ?? 0))
  const bodies = entries.map((entry) => ({ entry, body: entry?.body as Record<string, unknown> | undefined }))
  const found = bodies.find(({ body }) => textIn(body, 'refresh_token')) ?? bodies[0]
  if (found === undefined || textIn(found.body, 'token_type')?.toLowerCase() === 'dpop') return undefined
  const { entry, body } = found
  return {
    tokens: {
      // When it has expired, it is removed there: one that has expired is not sent here either.
      accessToken: textIn(body, 'access_token') ?? 'expired',
      refreshToken: textIn(body, 'refresh_token'),
      idToken: textIn(readObject(localStorage, `${prefix}@@user@@`), 'id_token'),
      scope: textIn(body, 'oauthTokenScope') ?? textIn(body, 'scope'),
      expiresAt: textIn(body, 'access_token') === undefined ? 0 : millisecondsIn(entry, 'expiresAt'),
    },
    remove() {
      for (const name of names) localStorage.removeItem(name)
    },
  }
}

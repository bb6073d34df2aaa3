import type { Session } from '@authchart/core'
import { millisecondsIn, readObject, type StoredSignIn, takeOver, textIn } from './take-over.ts'

/** Where `oidc-client-ts` has stored its user: the settings of your `UserManager`. */
export interface OidcClientPlace {
  /** Its `authority`, letter by letter. */
  readonly authority: string
  /** Its `client_id`. */
  readonly clientId: string
  /** The `store` of its `userStore`. Default `sessionStorage`. */
  readonly storage?: Storage
  /** The `prefix` of its `userStore`. Default `oidc.`. */
  readonly prefix?: string
}

/**
 * Takes over the user that `oidc-client-ts` (2 or 3) has stored: signs the session in with these tokens if it never had
 * a sign-in, and removes the entry, so it happens once. Call it on every load, before the first request. Tokens that are
 * bound to a key (DPoP) are not taken over.
 *
 * @returns whether the session was signed in by this
 * @throws StoreError, SignInError as `session.signIn` does; the entry is left as it is then
 * @example
 * await takeOverOidcClient(session, { authority: 'https://login.acme.example', clientId: 'acme-web' })
 */
export function takeOverOidcClient(session: Session, place: OidcClientPlace): Promise<boolean> {
  const { authority, clientId, storage = sessionStorage, prefix = 'oidc.' } = place
  // `UserManager._userStoreKey` and `WebStorageStateStore`.
  const name = `${prefix}user:${authority}:${clientId}`
  return takeOver(session, () => findUser(storage, name))
}

/** `User.toStorageString` of oidc-client-ts: times are in seconds. */
function findUser(storage: Storage, name: string): StoredSignIn | undefined {
  const user = readObject(storage, name)
  const accessToken = textIn(user, 'access_token')
  if (accessToken === undefined || textIn(user, 'token_type')?.toLowerCase() === 'dpop') return undefined
  return {
    tokens: {
      accessToken,
      refreshToken: textIn(user, 'refresh_token'),
      idToken: textIn(user, 'id_token'),
      tokenType: textIn(user, 'token_type'),
      scope: textIn(user, 'scope'),
      expiresAt: millisecondsIn(user, 'expires_at'),
    },
    remove: () => storage.removeItem(name),
  }
}

// Apps that compile for older browsers have a `lib` without it.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Explained } from '../errors/help.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { RequestOutcome } from '../token/request-outcome.ts'
import type { SignInTokens } from '../token/token-set.ts'
import type { SessionNotice } from './session-notice.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

/**
 * What an id token says of the user and of itself, with the names that the specification gives. Frozen, to its depth.
 *
 * @see OpenID Connect Core 1.0, sections 2 and 5.1
 */
export interface IdTokenClaims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  /** Seconds since the epoch, as `iat` and `auth_time`: this is how the token says it. */
  readonly exp?: number
  readonly iat?: number
  readonly auth_time?: number
  readonly [claim: string]: unknown
}

/** A signed-in session, kept alive. Made by `createSession`. */
export interface Session extends AsyncDisposable {
  /** Under which key it is stored. */
  readonly key: string
  /**
   * Resolves when the store has been read for the first time.
   *
   * Rejects with a `StoreError` when it could not be; a store that is merely locked or unavailable goes on being tried.
   * It need not be awaited: every method waits by itself.
   */
  readonly ready: Promise<SessionSnapshot>
  /** How the session is: synchronous, frozen, free of secrets, and the same object until something changes. */
  getSnapshot(): SessionSnapshot
  /**
   * What the id token that is held says: who the user is, and when they signed in. `undefined` when there is none. The
   * same object until there is another id token; it follows sign-ins, refreshes, other holders and sign-outs.
   *
   * A refresh's id token is taken only if it validates; one that the app itself gave to `signIn`, at the app's word.
   * Never the token itself.
   */
  readonly claims: IdTokenClaims | undefined
  /**
   * What else the app wanted to be kept of the server's answers (`keepMembers`), such as `instance_url`; sealed in the
   * store like the tokens, and carried forward. Perhaps secret: it is shown nowhere else.
   */
  readonly details: Readonly<Record<string, unknown>> | undefined
  /** Calls back after every change of the snapshot. Returns a function that ends that. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): () => void
  /**
   * A usable access token: the current one, or a new one where that is spent.
   *
   * A fresh token is returned without store, lease, timer or event. A caller whose token is unusable waits for the
   * refresh under way, or for the next try where that falls within `maximumWaitMilliseconds` of its call; one try serves
   * all who wait. Otherwise it fails at once, with the time of the next try.
   *
   * @throws NotSignedInError, SessionEndedError, RefreshUnavailableError, SessionDisposedError, or the signal's reason
   */
  getAccessToken(options?: GetAccessTokenOptions): Promise<AccessToken>
  /**
   * Gets new tokens now, however good the current ones are; joins a refresh under way. Leaves our own backoff, never a
   * server's cooldown. Goes on after every end whose refresh token was kept, except `rotationLost` and
   * `identityMismatch`.
   *
   * @throws as `getAccessToken` does
   */
  refresh(options?: { signal?: AbortSignal | undefined }): Promise<AccessToken>
  /**
   * Stores the tokens of a sign-in, and serves them. What they replace is revoked if it was another user's; tokens of
   * the same subject are left to expire, since revoking them could end the new ones too. `signOut()` first revokes them.
   *
   * @throws SignInError when they cannot be used as tokens, or belong to another user than the session does; nothing was changed
   * @throws StoreError when they could not be stored; nothing was changed
   */
  signIn(tokens: SignInTokens, options?: SignInOptions): Promise<SessionSnapshot>
  /**
   * Forgets the tokens here at once, erases them from the store, then revokes them at the authorization server; that
   * last part may fail, which is a notice. Does nothing when no user is signed in.
   *
   * @throws StoreError when the store could not be told: signed out here, and to be tried again
   */
  signOut(options?: SignOutOptions): Promise<SignedOut>
  /**
   * Finds out whether a sign-in could be kept: to be called before a user is sent through one.
   *
   * @throws StoreError when it could not
   */
  checkStore(): Promise<void>
  /** Calls back on every notice of a type. Returns a function that ends that. */
  on<Type extends SessionNotice['type']>(
    type: Type,
    listener: (notice: Extract<SessionNotice, { type: Type }> & Explained) => void,
  ): () => void
  /** Calls back on every notice. */
  on(type: '*', listener: (notice: SessionNotice & Explained) => void): () => void
  /**
   * Tells what became of a request that carried a token: for WebSocket, gRPC and other clients that no hook sees.
   * `createFetch` and `createKyHooks` do it themselves. Never throws. Tell acceptances too where tokens do not say how
   * long they live: a rejection after one is an expiry.
   */
  reportOutcome(outcome: RequestOutcome): void
  /**
   * Lets a refresh under way come to its end, for at most `disposeTimeoutMilliseconds`, then leaves nothing behind: no
   * timer, no listener, no watch. The stored session stays. `await using` does the same.
   */
  close(): Promise<void>
  /** The XState actor itself, for inspection; typed by `getSessionActor` of `@authchart/core/machine`. */
  readonly actor: SessionActorHandle
}

/** What a caller wants of a token. */
export interface GetAccessTokenOptions {
  /** Ends the wait with its reason; a refresh under way goes on. Default: none. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long the token should still be good for, in milliseconds: if it is not, it is refreshed once, and what is then
   * valid is returned. Default 0.
   */
  readonly minimumValidityMilliseconds?: number | undefined
  /**
   * A generation that a server rejected: a newer token is returned, or the call fails with `RefreshUnavailableError`.
   * For callers without a request, such as WebSocket and gRPC clients. Default: none was rejected.
   */
  readonly newerThan?: number | undefined
}

/** What a sign-in may say of its user. */
export interface SignInOptions {
  /** Whose tokens these are, where no id token says so. Default: what the id token says. */
  readonly subject?: string | undefined
  /** Allows the tokens of another subject than the session's. Default `false`. */
  readonly replaceSubject?: boolean | undefined
}

/** What a sign-out is to give back. */
export interface SignOutOptions {
  /**
   * Hands over the id token that is being erased, for the URL that signs out at the authorization server too
   * (`endSessionUrl` of `@authchart/core/oauth`). Default `false`.
   */
  readonly returnIdToken?: boolean | undefined
}

/** What is left of a session that was signed out. */
export interface SignedOut {
  /** A secret. Only if it was asked for, and there was one. */
  readonly idToken?: string
}

/** The session's actor, as far as it can be described without its library's types. */
export interface SessionActorHandle {
  readonly id: string
  readonly sessionId: string
  getSnapshot(): unknown
}

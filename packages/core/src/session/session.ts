// Apps that compile for older browsers have a `lib` without it.
/// <reference lib="esnext.disposable" preserve="true" />

import type { AccessToken } from '../token/access-token.ts'
import type { RequestOutcome } from '../token/request-outcome.ts'
import type { SignInTokens } from '../token/token-set.ts'
import type { SessionNotice } from './session-notices.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

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
  /** Calls back after every change of the snapshot. Returns a function that ends that. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): () => void
  /**
   * A usable access token: the current one, or a new one where that is spent. While a refresh is failing, a caller whose
   * token is unusable fails at once, without network.
   *
   * A fresh token is returned without store, lease, timer or event.
   *
   * @throws NotSignedInError, SessionEndedError, RefreshUnavailableError, SessionDisposedError, or the signal's reason
   */
  getAccessToken(options?: GetAccessTokenOptions): Promise<AccessToken>
  /**
   * Gets new tokens now, however good the current ones are; joins a refresh under way. Leaves our own backoff, never a
   * server's cooldown; tries again after the ends `clientRejected` and `unreachable`.
   *
   * @throws as `getAccessToken` does
   */
  refresh(options?: { signal?: AbortSignal | undefined }): Promise<AccessToken>
  /**
   * Stores the tokens of a sign-in, and serves them. What they replace is revoked.
   *
   * @throws SignInError when they are no tokens, or belong to somebody else than the session does; nothing was changed
   * @throws StoreError when they could not be stored; nothing was changed
   */
  signIn(tokens: SignInTokens, options?: SignInOptions): Promise<SessionSnapshot>
  /**
   * Forgets the tokens here at once, erases them from the store, then revokes them at the authorization server; that
   * last part may fail, which is a notice. Does nothing when nobody is signed in.
   *
   * @throws StoreError when the store could not be told: signed out here, and to be tried again
   */
  signOut(): Promise<void>
  /** Calls back on every notice of a type. Returns a function that ends that. */
  on<Type extends SessionNotice['type']>(
    type: Type,
    listener: (notice: Extract<SessionNotice, { type: Type }>) => void,
  ): () => void
  /** Calls back on every notice. */
  on(type: '*', listener: (notice: SessionNotice) => void): () => void
  /**
   * Tells what became of a request that carried a token: for WebSocket, gRPC and other clients that no hook sees.
   * `createFetch` and `createKyHooks` do it themselves. Never throws.
   */
  reportOutcome(outcome: RequestOutcome): void
  /** The XState actor itself, for inspection; typed by `getSessionActor` of `@authchart/core/machine`. */
  readonly actor: SessionActorHandle
}

export interface GetAccessTokenOptions {
  /** Ends the wait with its reason; a refresh under way goes on. */
  readonly signal?: AbortSignal | undefined
  /** How long the token should still be good for: if it is not, it is refreshed once, and what is then valid is returned. */
  readonly minimumValidityMilliseconds?: number | undefined
}

export interface SignInOptions {
  /** Whose tokens these are, where no id token says so. */
  readonly subject?: string
  /** Allows the tokens of another subject than the session's. Default `false`. */
  readonly replaceSubject?: boolean
}

/** The session's actor, as far as it can be described without its library's types. */
export interface SessionActorHandle {
  readonly id: string
  readonly sessionId: string
  getSnapshot(): unknown
}

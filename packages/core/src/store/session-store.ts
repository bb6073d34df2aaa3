// Apps that compile for older browsers have a `lib` without it.
/// <reference lib="esnext.disposable" preserve="true" />

import type { SessionRecord, SessionSummary } from './session-record.ts'

/**
 * Where sessions are kept, shared by everybody who has one open.
 *
 * Every method that fails throws a `StoreError`. Implementations are tested by the contract suite.
 */
export interface SessionStore {
  /**
   * The record under a key; `undefined` only when there surely is none.
   * @throws StoreError when that cannot be told, or when what is there is no record
   */
  read(key: string): Promise<SessionRecord | undefined>
  /**
   * Writes `next` if the record's revision is still `expectedRevision` (`undefined`: if there is no record); says
   * whether it did. Atomic towards everybody who shares the store, and durable when it answers `true`.
   *
   * A throw does not mean that nothing was written: read again and compare the revision. Where the secrets hold a
   * `CryptoKeyPair` that cannot be exported and that the store would lose, it throws and writes nothing.
   * @throws StoreError
   */
  compareAndSet(key: string, expectedRevision: string | undefined, next: SessionRecord): Promise<boolean>
  /**
   * Waits for the exclusive right to refresh the session under a key. First come, first served where possible; never
   * taken from a holder that lives, given back by the system when a holder dies.
   * @throws the signal's reason when it aborts first
   * @throws StoreError
   */
  lease(key: string, options: { signal: AbortSignal }): Promise<Lease>
  /**
   * Calls the listener after the record under a key may have changed, whoever changed it. A hint: it can come late,
   * twice, or for nothing; the listener re-reads. Returns a function that ends the watch.
   */
  watch(key: string, listener: () => void): () => void
  /**
   * Finds out whether a sign-in under a key could be kept here, before somebody goes through one: whether the keyring is
   * there and open, the folder writable, the space enough. A store where nothing but `read` can fail needs none.
   *
   * @throws StoreError when it could not be kept; `storeMissing` names the alternatives
   */
  check?(key: string): Promise<void>
  /** The sessions in the store, without a secret. */
  list(): Promise<SessionSummary[]>
  /**
   * Which `refreshTiming` suits sessions kept here: `eager` where somebody is watching (a page), `onUse` where an idle
   * session should be left alone (a process). Default `onUse`.
   */
  readonly suggestedRefreshTiming?: 'eager' | 'onUse'
}

/** The exclusive right to refresh one session. */
export interface Lease extends AsyncDisposable {
  /** Aborts when the right was lost without being given back. */
  readonly lost: AbortSignal
}

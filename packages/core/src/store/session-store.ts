// Apps that compile for older browsers have a `lib` without it.
/// <reference lib="esnext.disposable" preserve="true" />

import type { ReplaceToken, StoreError } from '../errors/store-error.ts'
import type { SessionRecord, SessionSummary } from './session-record.ts'

/**
 * What a write expects to find: the record with this revision, no record (`undefined`), or exactly the bytes that could
 * not be read.
 */
export type ExpectedRecord = string | undefined | { readonly unreadable: ReplaceToken }

/**
 * Where sessions are kept, shared by all tabs, workers and processes that have one open.
 *
 * Every method that fails throws a `StoreError`. Implementations are tested by the contract suite.
 */
export interface SessionStore {
  /**
   * The record under a key; `undefined` only when there surely is none.
   * @throws StoreError when that cannot be told, or when what is there cannot be read: then with a `replaceToken` where
   *   a sign-in may replace it
   */
  read(key: string): Promise<SessionRecord | undefined>
  /**
   * Writes `next` if what is there is what was expected, and says whether it did. Atomic for all who share the store,
   * and durable when it answers `true`.
   *
   * `{ unreadable }` takes the `replaceToken` of an error; it answers `false` once other bytes are there, readable or
   * not. A throw does not mean that nothing was written: read again and compare the revision. Where the secrets hold a
   * `CryptoKeyPair` that cannot be exported and that the store would lose, it throws and writes nothing.
   *
   * @param options `under`: a lease of this store that must still be held; stores whose leases cannot run out ignore it
   * @throws StoreError
   */
  compareAndSet(
    key: string,
    expected: ExpectedRecord,
    next: SessionRecord,
    options?: { readonly under?: Lease },
  ): Promise<boolean>
  /**
   * Waits for the exclusive right to refresh the session under a key. First come, first served where possible. It is not
   * taken from a holder that lives, or only after a time that the holder itself can see; it is given back when a holder
   * dies.
   * @throws the signal's reason when it aborts first
   * @throws StoreError
   */
  lease(key: string, options: { signal: AbortSignal }): Promise<Lease>
  /**
   * Calls the listener after the record under a key may have changed, by this store or another. A hint: it can come
   * late, twice, or without a change; the listener reads again. Give it the revision that the record has now, if you
   * know it: a session that has written this revision itself does not read. Returns a function that ends the watch.
   *
   * Where hints cannot be had, or stop, `onLost` is called with the reason, once until they are back: then read the
   * record every `suggestedLookMilliseconds`. The watch stays: hints that are back come to the listener again. Neither
   * function is called before `watch` has returned.
   */
  watch(key: string, listener: (revision?: string) => void, onLost?: (error: StoreError) => void): () => void
  /**
   * Finds out, before a sign-in begins, whether its tokens could be kept: whether the keyring is there and unlocked, the
   * folder writable, the space enough. What is written for that is removed. A store where nothing but `read` can fail
   * needs no check.
   *
   * @throws StoreError when they could not be kept; `storeMissing` names the alternatives
   */
  check?(key: string): Promise<void>
  /** The sessions in the store, without a secret. */
  list(): Promise<SessionSummary[]>
  /**
   * A part of the list, for stores where each session costs a file or a row to list: at most `limit` sessions, in an order
   * that stays the same. A page with fewer is the last.
   * @param options `after`: the key of the last session on the page before
   */
  page?(options: { readonly after?: string; readonly limit: number }): Promise<SessionSummary[]>
  /**
   * Which `refreshTiming` suits sessions kept here: `eager` where a user is watching (a page), `onUse` where an idle
   * session should be left alone (a process). Default `onUse`.
   */
  readonly suggestedRefreshTiming?: 'eager' | 'onUse'
  /**
   * How often to read a record whose hints are lost, or at least how often this store does so by itself where looking is
   * its way, in milliseconds. Default: the session's own pace.
   */
  readonly suggestedLookMilliseconds?: number
}

/** The exclusive right to refresh one session. */
export interface Lease extends AsyncDisposable {
  /** Aborts when the right was lost without being given back. */
  readonly lost: AbortSignal
  /** How long the right lasts at least, in milliseconds. Absent where it lasts until it is given back. */
  remainingMilliseconds?(): number
}

import type { SessionStore } from '@authchart/core/store'

/** A store in a folder, shared by every process of its user that opens it. */
export interface NodeStore extends SessionStore {
  /**
   * That a sign-in could be kept now under a key: the folder can be written, files can be locked, the key is to be had,
   * and what is there already can be read. `session.checkStore()` asks it.
   * @throws StoreError that says what is in the way, and what to do about it
   */
  check(key: string): Promise<void>
  readonly suggestedRefreshTiming: 'onUse'
}

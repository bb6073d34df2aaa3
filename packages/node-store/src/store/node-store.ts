import type { SessionStore } from '@authchart/core/store'

/** A store in a folder, shared by every process of its user that opens it. */
export interface NodeStore extends Required<SessionStore> {
  /**
   * That a sign-in could be kept now under a key: that the folder can be written and read back, files can be locked, the
   * sealing key is to be had, and what is there already can be read or replaced. `session.checkStore()` calls it.
   * @throws StoreError that says what is in the way, and what to do about it
   */
  check(key: string): Promise<void>
  readonly suggestedRefreshTiming: 'onUse'
}

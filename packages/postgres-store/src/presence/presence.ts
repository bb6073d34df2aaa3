/**
 * The first part of the advisory locks' names; the second is the number of a process. It says "auth" in ASCII.
 */
export const presenceClass = 0x61757468

/**
 * For so long at least the lock stays with a process whose machine does not answer, in milliseconds: frozen, it does not
 * know that the server has taken it for dead.
 */
export const unansweredMilliseconds = 15_000

/**
 * That a process lives, as the database sees it: an advisory lock on a connection of its own, held for as long as the
 * process lives. Leases that name its number are taken over when that lock is free, not when a clock says so.
 */
export interface Presence {
  /** Under which number the lock is held. */
  readonly number: number
  /** Whether it is held, as far as this process can tell. */
  readonly isHeld: boolean
  /** When it was lost last, by `performance.now()`; -Infinity when never. */
  readonly lostAt: number
  /** Why it cannot be held just now: a code of PostgreSQL or of the system. */
  readonly trouble?: string | undefined
  /**
   * Connects, unless it did. Resolves once the lock is held for the first time; from then on a lost connection is made
   * anew.
   * @throws StoreError where it can never be held
   */
  start(): Promise<void>
  /**
   * Calls back for what is notified on a channel, and with an empty text once the server listens there: what was notified
   * before may have been missed. Notifications that came while the connection was lost are lost:
   * `onRegained` tells.
   * @returns what ends it
   */
  listen(channel: string, onNotification: (payload: string) => void): () => void
  /** Calls back each time the lock is held again. */
  onRegained(listener: () => void): () => void
  close(): Promise<void>
}

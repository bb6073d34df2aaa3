import type { Lease } from '@authchart/core/store'
import { describeDatabaseFailure } from '../database/database-failure.ts'

interface LockOptions {
  readonly database: string
  readonly signal: AbortSignal
}

/**
 * Waits for a Web Lock of this origin: first come, first served among all its tabs and workers, and given back by the
 * browser when a tab goes. It is never stolen from its holder.
 *
 * @throws the signal's reason when it aborts first; StoreError where locks are refused
 * @see https://w3c.github.io/web-locks/
 */
export function acquireWebLock(key: string, { database, signal }: LockOptions): Promise<Lease> {
  return new Promise((resolve, reject) => {
    const held = Promise.withResolvers<void>()
    const lost = new AbortController()
    let isAcquired = false
    const ended = navigator.locks
      .request(`authchart:${database}:${key}`, { signal }, () => {
        isAcquired = true
        resolve({
          lost: lost.signal,
          async [Symbol.asyncDispose]() {
            held.resolve()
            await ended
          },
        })
        return held.promise
      })
      .catch((error: unknown) => {
        if (isAcquired) lost.abort()
        else reject(signal.aborted ? signal.reason : describeDatabaseFailure(error, database))
      })
  })
}

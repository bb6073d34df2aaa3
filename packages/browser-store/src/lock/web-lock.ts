import { type Lease, StoreError } from '@authchart/core/store'

/**
 * Waits for a Web Lock of this origin: first come, first served among all its tabs and workers, and given back by the
 * browser when a tab goes. It is never stolen from its holder.
 *
 * @throws the signal's reason when it aborts first; StoreError where locks are refused
 * @see https://w3c.github.io/web-locks/
 */
export function acquireWebLock(name: string, signal: AbortSignal): Promise<Lease> {
  return new Promise((resolve, reject) => {
    const held = Promise.withResolvers<void>()
    const lost = new AbortController()
    let isAcquired = false
    const ended = navigator.locks
      .request(name, { signal }, () => {
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
        else reject(signal.aborted ? signal.reason : describeRefusal(error))
      })
  })
}

function describeRefusal(error: unknown): StoreError {
  const name = error instanceof Error ? error.name : typeof error
  return new StoreError(
    'storeUnavailable',
    `Web Locks, by which tabs take turns, are refused here (${name}), as in a page without an origin. Pass \`fallback: "memory"\` for sessions that end with the page.`,
  )
}

import { timeoutSignal } from '../clock/wait.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { failLocally, type RefreshFailure, type RefreshHolder } from './holder.ts'

/** For so long `navigator.onLine` is believed, in milliseconds. */
const beliefMilliseconds = 10_000
/** How long the server may take to answer at all, in milliseconds. */
const probeMilliseconds = 10_000

/**
 * The failure of a holder whose device says that it has no network; `undefined` where a request may be made. What a
 * device says is a hint to wait a little, not a fact: after 10 s the server is asked for its metadata, and only where
 * anything answers is the refresh token sent. A grant that cannot ask, such as an app's own function, is tried itself:
 * a device that is mistaken would never get a token otherwise, and one that is right fails as it does without a network.
 */
export async function failOffline(holder: RefreshHolder): Promise<RefreshFailure | undefined> {
  const { clock, grant, offlineSince } = holder
  if (offlineSince === undefined) return undefined
  const believedUntil = offlineSince + beliefMilliseconds
  const failure = failLocally('offline', holder)
  if (clock.now() < believedUntil) return { ...failure, retryAt: believedUntil }
  if (grant.isReachable === undefined) return undefined
  const timeout = timeoutSignal(clock, probeMilliseconds, { signal: holder.abandonment, keepAlive: true })
  try {
    const { signal } = timeout
    return (await untilAborted(Promise.resolve(grant.isReachable({ signal })), signal)) === true ? undefined : failure
  } catch {
    // A grant that does not heed its signal must not keep the lease.
    return failure
  } finally {
    timeout.stop()
  }
}

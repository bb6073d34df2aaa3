import type { Clock } from '../clock/clock.ts'
import { timeoutSignal } from '../clock/wait.ts'
import type { Lease } from '../store/session-store.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { storeOperationMilliseconds } from './refresh-timing.ts'

/** Gives a lease back, without waiting for ever. Never throws. */
export async function giveBack(lease: Lease, clock: Clock): Promise<void> {
  const timeout = timeoutSignal(clock, storeOperationMilliseconds)
  try {
    await untilAborted(Promise.resolve(lease[Symbol.asyncDispose]()), timeout.signal)
  } catch {
    // What cannot be given back is taken back by the system when this holder ends.
  } finally {
    timeout.stop()
  }
}

import { wait } from '../clock/wait.ts'
import type { RunningSession } from './session-actor.ts'

/** How long giving up what is still under way may take, in milliseconds: a store that hangs is not waited for longer. */
const abandonMilliseconds = 1_000

/**
 * Lets a refresh under way come to its end, for as long as the app allows; then gives it up. What was sent and not
 * answered is known to the next holder by its intent.
 */
export async function disposeSession(running: RunningSession): Promise<void> {
  const { parts } = running
  const { disposeTimeoutMilliseconds } = parts.options
  running.disconnect()
  parts.departure.abort()
  await settleWithin(running, disposeTimeoutMilliseconds)
  parts.abandonment.abort()
  await settleWithin(running, abandonMilliseconds)
  running.stop()
}

async function settleWithin({ parts }: RunningSession, milliseconds: number): Promise<void> {
  const { clock } = parts.options
  const settled = new AbortController()
  const done = parts.background.done().then(() => settled.abort())
  await Promise.race([done, wait(clock, milliseconds, { signal: settled.signal, keepAlive: true })])
  settled.abort()
}

import type { Session } from '@authchart/core'
import type { SimulatedClock } from '@authchart/core/testing'
import { eventually } from './eventually.ts'

/** So short that a real token request is over long before simulated callers or requests time out. */
const settleStepMilliseconds = 20

/**
 * Lets simulated time pass step by step, and real token requests end between the steps: the network does not hurry
 * because a clock does. For refreshes that need no time of their own.
 */
export async function passTime(
  clock: SimulatedClock,
  milliseconds: number,
  { session, stepMilliseconds = 1_000 }: { session: Session; stepMilliseconds?: number },
): Promise<void> {
  const until = clock.now() + milliseconds
  while (clock.now() < until) {
    await clock.advance(Math.min(stepMilliseconds, until - clock.now()))
    await eventually(() => session.getSnapshot().status !== 'refreshing', { description: 'the refresh to end' })
  }
}

/** Lets simulated time pass, a little at each look, until a condition holds: a refresh that waits before its replay. */
export async function passTimeUntil(
  clock: SimulatedClock,
  isMet: () => boolean | Promise<boolean>,
  { description, stepMilliseconds = settleStepMilliseconds }: { description: string; stepMilliseconds?: number },
): Promise<void> {
  await eventually(
    async () => {
      if (await isMet()) return true
      await clock.advance(stepMilliseconds)
      return isMet()
    },
    { description },
  )
}

/** Lets simulated time pass until a promise has settled; resolves or rejects as it does. */
export async function passTimeWhile<Value>(
  clock: SimulatedClock,
  work: Promise<Value>,
  options: { stepMilliseconds?: number } = {},
): Promise<Value> {
  let isSettled = false
  const settled = work.then(
    () => {
      isSettled = true
    },
    () => {
      isSettled = true
    },
  )
  await passTimeUntil(clock, () => isSettled, { description: 'the call to come to its end', ...options })
  await settled
  return work
}

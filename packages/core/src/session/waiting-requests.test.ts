import { expect, it } from 'vitest'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { createWaitingRequests } from './waiting-requests.ts'

function start() {
  const clock = createSimulatedClock({ now: 0 })
  return { clock, waiting: createWaitingRequests(clock) }
}

it('lets everybody look again when the session changes, once', async () => {
  const { clock, waiting } = start()
  const waits = [1, 2].map(() => waiting.untilChangeInTime({ signal: undefined, deadline: 1000 }))
  waiting.release()
  await Promise.all(waits)
  expect(clock.timers).toBe(0)
})

it('does not release those who begin to wait because of the release', async () => {
  const { clock, waiting } = start()
  let rounds = 0
  async function waitTwice() {
    await waiting.untilChangeInTime({ signal: undefined, deadline: 1000 })
    rounds += 1
    await waiting.untilChangeInTime({ signal: undefined, deadline: 1000 })
    rounds += 1
  }
  const done = waitTwice()
  waiting.release()
  await clock.advance(0)
  expect(rounds).toBe(1)
  waiting.release()
  await done
})

it('fails as `timeout` at exactly the deadline, not 1 ms before it', async () => {
  const { clock, waiting } = start()
  let error: unknown
  const wait = waiting.untilChangeInTime({ signal: undefined, deadline: 1000 }).catch((reason) => {
    error = reason
  })
  await clock.advance(999)
  expect(error).toBeUndefined()
  await clock.advance(1)
  await wait
  expect(error).toMatchObject({ name: 'RefreshUnavailableError', code: 'timeout' })
})

it("P19 fails with the caller's own reason when its signal aborts, and leaves nothing behind", async () => {
  const { clock, waiting } = start()
  const controller = new AbortController()
  const reason = new Error('changed my mind')
  const wait = waiting.untilChangeInTime({ signal: controller.signal, deadline: 1000 })
  const other = waiting.untilChangeInTime({ signal: undefined, deadline: 1000 })
  controller.abort(reason)
  await expect(wait).rejects.toBe(reason)
  expect(clock.timers).toBe(1)
  waiting.release()
  await other
})

it('does not begin to wait with a signal that has aborted', async () => {
  const { clock, waiting } = start()
  const reason = new Error('too late')
  const signal = AbortSignal.abort(reason)
  await expect(waiting.untilChangeInTime({ signal, deadline: 1000 })).rejects.toBe(reason)
  expect(clock.timers).toBe(0)
})

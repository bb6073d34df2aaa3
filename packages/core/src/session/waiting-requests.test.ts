import { expect, it } from 'vitest'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { createWaitingRequests } from './waiting-requests.ts'

function start(options: { signal?: AbortSignal } = {}) {
  const clock = createSimulatedClock({ now: 0 })
  const waiting = createWaitingRequests(clock)
  const startWait = (signal = options.signal) => waiting.startWait({ signal, milliseconds: 1000 })
  return { clock, waiting, startWait }
}

it('lets everybody look again when the session changes, and leaves no timer behind', async () => {
  const { clock, waiting, startWait } = start()
  const waits = [startWait(), startWait()]
  const changes = waits.map((wait) => wait.untilChange())
  waiting.release()
  await Promise.all(changes)
  for (const wait of waits) wait.end()
  expect(clock.timers).toBe(0)
})

it('does not release those who begin to wait because of the release', async () => {
  const { clock, waiting, startWait } = start()
  const wait = startWait()
  let rounds = 0
  async function waitTwice() {
    await wait.untilChange()
    rounds += 1
    await wait.untilChange()
    rounds += 1
  }
  const done = waitTwice()
  waiting.release()
  await clock.advance(0)
  expect(rounds).toBe(1)
  waiting.release()
  await done
})

it('fails as `timeout` after exactly its time in all, however often the session changed meanwhile', async () => {
  const { clock, waiting, startWait } = start()
  const wait = startWait()
  let error: unknown
  async function waitOn() {
    for (;;) await wait.untilChange()
  }
  const done = waitOn().catch((reason) => {
    error = reason
  })
  await clock.advance(600)
  waiting.release()
  await clock.advance(399)
  expect(error).toBeUndefined()
  await clock.advance(1)
  await done
  expect(error).toMatchObject({ name: 'RefreshUnavailableError', code: 'timeout' })
})

it('P29 has its time though the clock on the wall is set', async () => {
  const { clock, waiting, startWait } = start()
  const wait = startWait()
  clock.sleep(5000)
  const change = wait.untilChange()
  waiting.release()
  await change
  wait.end()
})

it("P19 fails with the caller's own reason when its signal aborts, and with nobody else's", async () => {
  const { clock, waiting, startWait } = start()
  const controller = new AbortController()
  const reason = new Error('changed my mind')
  const wait = startWait(controller.signal)
  const other = startWait()
  const change = wait.untilChange()
  const otherChange = other.untilChange()
  controller.abort(reason)
  await expect(change).rejects.toBe(reason)
  wait.end()
  expect(clock.timers).toBe(1)
  waiting.release()
  await otherChange
  other.end()
})

it('does not begin to wait with a signal that has aborted', async () => {
  const reason = new Error('too late')
  const { clock, startWait } = start({ signal: AbortSignal.abort(reason) })
  await expect(startWait().untilChange()).rejects.toBe(reason)
  expect(clock.timers).toBe(0)
})

import { expect, it } from 'vitest'
import { createSimulatedClock } from './simulated-clock.ts'

it('stands still until it is told to go on, and starts where it is told to', async () => {
  const clock = createSimulatedClock({ now: 1000 })
  expect(clock.now()).toBe(1000)
  await clock.advance(5)
  expect(clock.now()).toBe(1005)
})

it('fires timers in their order, each at its time, those at the same time in the order of their setting', async () => {
  const clock = createSimulatedClock({ now: 0 })
  const fired: string[] = []
  const set = (name: string, delay: number) => clock.setTimeout(() => fired.push(`${name} at ${clock.now()}`), delay)
  set('late', 30)
  set('early', 10)
  set('early too', 10)
  set('never', 41)
  await clock.advance(40)
  expect(fired).toEqual(['early at 10', 'early too at 10', 'late at 30'])
  expect(clock.timers).toBe(1)
})

it('lets run what is ready between two timers, and fires the timers that this sets', async () => {
  const clock = createSimulatedClock({ now: 0 })
  const seen: number[] = []
  clock.setTimeout(() => {
    void Promise.resolve().then(() => clock.setTimeout(() => seen.push(clock.now()), 5))
  }, 10)
  clock.setTimeout(() => seen.push(clock.now()), 20)
  await clock.advance(20)
  expect(seen).toEqual([15, 20])
})

it('fires no timer that was cleared, even by one at the same time', async () => {
  const clock = createSimulatedClock({ now: 0 })
  let calls = 0
  clock.setTimeout(() => clock.clearTimeout(second), 10)
  const second = clock.setTimeout(() => (calls += 1), 10)
  await clock.advance(10)
  expect(calls).toBe(0)
})

it('fires timers of a time that has passed at once, and never goes back for them', async () => {
  const clock = createSimulatedClock({ now: 100 })
  const seen: number[] = []
  clock.setTimeout(() => seen.push(clock.now()), -50)
  await clock.advance(0)
  expect(seen).toEqual([100])
})

it('P29 sleeps without firing a timer; they fire when it wakes up, at the time it is then', async () => {
  const clock = createSimulatedClock({ now: 0 })
  const seen: number[] = []
  clock.setTimeout(() => seen.push(clock.now()), 10)
  clock.sleep(1000)
  expect(seen).toEqual([])
  await clock.advance(0)
  expect(seen).toEqual([1000])
})

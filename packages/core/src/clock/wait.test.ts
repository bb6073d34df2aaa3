import { describe, expect, it } from 'vitest'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { timeoutSignal, wait } from './wait.ts'

describe('a wait', () => {
  it('ends at exactly its time, not 1 ms before it', async () => {
    const clock = createSimulatedClock()
    let end: string | undefined
    const waiting = wait(clock, 100).then((reason) => {
      end = reason
    })
    await clock.advance(99)
    expect(end).toBeUndefined()
    await clock.advance(1)
    await waiting
    expect(end).toBe('elapsed')
  })

  it('is cut short by its signal, without a throw and without a timer left', async () => {
    const clock = createSimulatedClock()
    const controller = new AbortController()
    const waiting = wait(clock, 100, { signal: controller.signal })
    controller.abort()
    expect(await waiting).toBe('aborted')
    expect(clock.timers).toBe(0)
  })

  it('does not begin with a signal that has aborted', async () => {
    const clock = createSimulatedClock()
    expect(await wait(clock, 100, { signal: AbortSignal.abort() })).toBe('aborted')
    expect(clock.timers).toBe(0)
  })
})

describe('a timeout signal', () => {
  it('aborts at exactly its time, as a TimeoutError', async () => {
    const clock = createSimulatedClock()
    const { signal } = timeoutSignal(clock, 100)
    await clock.advance(99)
    expect(signal.aborted).toBe(false)
    await clock.advance(1)
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' })
  })

  it('lets a program that was suspended for longer read what has arrived, for a second', async () => {
    const clock = createSimulatedClock()
    const { signal } = timeoutSignal(clock, 60_000)
    clock.sleep(120_000)
    await clock.advance(999)
    expect(signal.aborted).toBe(false)
    await clock.advance(1)
    expect(signal.aborted).toBe(true)
  })

  it('aborts with another signal, for its reason, also where that has aborted already', () => {
    const clock = createSimulatedClock()
    const controller = new AbortController()
    const { signal } = timeoutSignal(clock, 100, { signal: controller.signal })
    controller.abort('gone')
    expect(signal.reason).toBe('gone')
    expect(timeoutSignal(clock, 100, { signal: controller.signal }).signal.reason).toBe('gone')
  })

  it('never aborts once it is stopped, and leaves no timer', async () => {
    const clock = createSimulatedClock()
    const controller = new AbortController()
    const timeout = timeoutSignal(clock, 100, { signal: controller.signal })
    timeout.stop()
    controller.abort()
    await clock.advance(200)
    expect(timeout.signal.aborted).toBe(false)
    expect(clock.timers).toBe(0)
  })
})

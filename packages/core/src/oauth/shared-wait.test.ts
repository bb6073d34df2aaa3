import { describe, expect, it } from 'vitest'
import type { Clock } from '../clock/clock.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { createSharedWait, type TryOutcome } from './shared-wait.ts'

const second = 1_000

function again(delayMilliseconds: number): TryOutcome<string> {
  return { kind: 'again', delayMilliseconds }
}

const done: TryOutcome<string> = { kind: 'done', value: 'tokens' }

/** A wait whose tries come to the given outcomes, one after the other; `at` tells when each was made. */
function open(
  outcomes: readonly (TryOutcome<string> | (() => Promise<TryOutcome<string>>))[],
  clock = createSimulatedClock(),
) {
  const at: number[] = []
  const began = clock.now()
  const attempt = async () => {
    const outcome = outcomes[at.length]
    at.push(clock.now() - began)
    if (outcome === undefined) throw new Error('more tries than outcomes')
    return typeof outcome === 'function' ? outcome() : outcome
  }
  return { at, clock, wait: createSharedWait(attempt, { clock, delayMilliseconds: 5 * second }) }
}

describe('a shared wait', () => {
  it('tries at exactly the times that it was given, not 1 ms before', async () => {
    const { at, clock, wait } = open([again(5 * second), again(10 * second), done])
    const joined = wait.join(undefined)
    await clock.advance(5 * second - 1)
    expect(at).toEqual([])
    await clock.advance(1)
    await clock.advance(14 * second)
    await clock.advance(60 * second)
    expect(at).toEqual([5 * second, 10 * second, 20 * second])
    expect(await joined).toBe('tokens')
    expect(clock.timers).toBe(0)
  })

  it('makes one try for all who wait, and remembers what it brought', async () => {
    const { at, clock, wait } = open([done])
    const joined = [wait.join(undefined), wait.join(undefined)]
    await clock.advance(5 * second)
    expect(await Promise.all(joined)).toEqual(['tokens', 'tokens'])
    expect(await wait.join(undefined)).toBe('tokens')
    expect(at).toHaveLength(1)
  })

  it('remembers a failure too', async () => {
    const { clock, wait } = open([() => Promise.reject(new Error('refused'))])
    const joined = expect(wait.join(undefined)).rejects.toThrow('refused')
    await clock.advance(5 * second)
    await joined
    await expect(wait.join(undefined)).rejects.toThrow('refused')
  })

  it('makes no try while nobody waits, and none too early for who comes later', async () => {
    const { at, clock, wait } = open([again(5 * second), done])
    const controller = new AbortController()
    const left = expect(wait.join(controller.signal)).rejects.toBe('enough')
    await clock.advance(6 * second)
    controller.abort('enough')
    await left
    expect(clock.timers).toBe(0)
    // One who comes at once, and goes again, does not hurry it.
    await expect(wait.join(AbortSignal.abort('no'))).rejects.toBe('no')
    const joined = wait.join(undefined)
    await clock.advance(3 * second)
    expect(at).toEqual([5 * second])
    await clock.advance(second)
    expect(await joined).toBe('tokens')
    expect(at).toEqual([5 * second, 10 * second])
  })

  it('goes on where one leaves and another comes in the same moment', async () => {
    const { at, clock, wait } = open([done])
    const controller = new AbortController()
    const left = expect(wait.join(controller.signal)).rejects.toBe('enough')
    await clock.advance(second)
    controller.abort('enough')
    const joined = wait.join(undefined)
    await left
    await clock.advance(4 * second)
    expect(await joined).toBe('tokens')
    expect(at).toEqual([5 * second])
  })

  it('goes on for the others when one leaves', async () => {
    const { clock, wait } = open([again(second), done])
    const controller = new AbortController()
    const left = expect(wait.join(controller.signal)).rejects.toBe('enough')
    const stays = wait.join(undefined)
    controller.abort('enough')
    await left
    await clock.advance(6 * second)
    expect(await stays).toBe('tokens')
  })

  it('keeps what a try brings that was under way when everybody left', async () => {
    const { promise, resolve } = Promise.withResolvers<TryOutcome<string>>()
    const { at, clock, wait } = open([() => promise])
    const controller = new AbortController()
    const left = expect(wait.join(controller.signal)).rejects.toBe('enough')
    await clock.advance(5 * second)
    controller.abort('enough')
    await left
    resolve(done)
    expect(await wait.join(undefined)).toBe('tokens')
    expect(at).toHaveLength(1)
  })

  it('waits no longer than it was to because the clock was set back', async () => {
    const clock = createSimulatedClock()
    let offset = 0
    const setBack: Clock = { ...clock, now: () => clock.now() - offset, setTimeout: clock.setTimeout }
    let tries = 0
    const attempt = async () => {
      tries += 1
      offset = 3_600 * second
      return tries === 1 ? again(5 * second) : done
    }
    const joined = createSharedWait(attempt, { clock: setBack, delayMilliseconds: 5 * second }).join(undefined)
    await clock.advance(10 * second)
    expect(await joined).toBe('tokens')
  })

  it('keeps a process alive while somebody waits', async () => {
    const clock = createSimulatedClock()
    const options: unknown[] = []
    const watched: Clock = {
      now: clock.now,
      clearTimeout: clock.clearTimeout,
      setTimeout(callback, milliseconds, given) {
        options.push(given)
        return clock.setTimeout(callback, milliseconds)
      },
    }
    const joined = createSharedWait(async () => done, { clock: watched, delayMilliseconds: 1 }).join(undefined)
    await clock.advance(1)
    await joined
    expect(options).toEqual([{ keepAlive: true }])
  })
})

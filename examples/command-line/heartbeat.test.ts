import { expect, it } from 'vitest'
import type { Failure } from './describe-error.ts'
import { followBeat, noPulse, type Pulse } from './heartbeat.ts'

const ok = undefined
const failed = (code: string, retryAt?: number): Failure => ({ exitCode: 4, code, lines: [code], facts: { retryAt } })

/** What is said of beats that come a second after one another. */
function follow(beats: readonly (Failure | undefined)[], random = 0) {
  let pulse: Pulse = noPulse
  return beats.map((beat, index) => {
    const decision = followBeat(pulse, beat, { everyMilliseconds: 1000, now: index * 1000, random })
    pulse = decision.pulse
    return decision
  })
}

const changesOf = (beats: readonly (Failure | undefined)[]) => follow(beats).map(({ change }) => change?.state)

it('says once that it works, and then nothing', () => {
  expect(changesOf([ok, ok, ok])).toEqual(['ok', undefined, undefined])
})

it('says each code once until the next success, even if they alternate', () => {
  const beats = [failed('a'), failed('b'), failed('a'), failed('b'), ok, failed('a')]
  expect(changesOf(beats)).toEqual(['failing', 'failing', undefined, undefined, 'ok', 'failing'])
  expect(follow(beats)[4]?.change).toEqual({ state: 'ok', failures: 4, afterMilliseconds: 4000 })
})

it('doubles the jittered pause up to five minutes, and returns to its pace after a success', () => {
  const beats = [...Array.from({ length: 12 }, () => failed('a')), ok]
  const delays = (random: number) => follow(beats, random).map(({ delayMilliseconds }) => delayMilliseconds)
  expect(delays(0).slice(0, 4)).toEqual([1000, 2000, 4000, 8000])
  expect(delays(1).slice(0, 4)).toEqual([2000, 4000, 8000, 16_000])
  expect(delays(1).slice(-2)).toEqual([300_000, 1000])
})

it('waits until the next try can succeed, if that is longer, but not for ever', () => {
  expect(follow([failed('a', 60_000)])[0]?.delayMilliseconds).toBe(60_000)
  expect(follow([failed('a', 10)])[0]?.delayMilliseconds).toBe(1000)
  expect(follow([failed('a', 1e12)])[0]?.delayMilliseconds).toBe(300_000)
})

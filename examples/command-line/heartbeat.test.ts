import { expect, it } from 'vitest'
import { type Beat, followBeat, noPulse, type Pulse } from './heartbeat.ts'

const ok: Beat = { kind: 'ok' }
const failed = (code: string, retryAt?: number): Beat => ({
  kind: 'failed',
  code,
  text: `because of ${code}`,
  isOver: false,
  ...(retryAt === undefined ? {} : { retryAt }),
})

/** What is said of beats that come a second after one another. */
function follow(beats: readonly Beat[], random = 0) {
  let pulse: Pulse = noPulse
  return beats.map((beat, index) => {
    const decision = followBeat(pulse, beat, { everyMilliseconds: 1000, now: index * 1000, random })
    pulse = decision.pulse
    return decision
  })
}

const changesOf = (beats: readonly Beat[]) => follow(beats).map(({ change }) => change?.type)

it('says that it goes well once, and then nothing', () => {
  expect(changesOf([ok, ok, ok])).toEqual(['ok', undefined, undefined])
})

it('says each code once until it goes well again, however they take turns', () => {
  const beats = [failed('a'), failed('b'), failed('a'), failed('b'), ok, failed('a')]
  expect(changesOf(beats)).toEqual(['failing', 'failing', undefined, undefined, 'recovered', 'failing'])
  expect(follow(beats)[4]?.change).toEqual({ type: 'recovered', failures: 4, afterMilliseconds: 4000 })
})

it('doubles the pause from half of it to all of it, up to five minutes, and beats at its pace again', () => {
  const beats = [...Array.from({ length: 12 }, () => failed('a')), ok]
  const delays = (random: number) => follow(beats, random).map(({ delayMilliseconds }) => delayMilliseconds)
  expect(delays(0).slice(0, 4)).toEqual([1000, 2000, 4000, 8000])
  expect(delays(1).slice(0, 4)).toEqual([2000, 4000, 8000, 16_000])
  expect(delays(1).slice(-2)).toEqual([300_000, 1000])
})

it('waits for the time that is promised, if that is longer, though not for ever', () => {
  expect(follow([failed('a', 60_000)])[0]?.delayMilliseconds).toBe(60_000)
  expect(follow([failed('a', 10)])[0]?.delayMilliseconds).toBe(1000)
  expect(follow([failed('a', 1e12)])[0]?.delayMilliseconds).toBe(300_000)
})

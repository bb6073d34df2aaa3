import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import {
  decideRejection,
  nextPauseEnd,
  pausedUntil,
  pausingOrigins,
  type Rejection,
  type Rejections,
  runOf,
  withoutRuns,
} from './rejections.ts'

const now = 1_700_000_000_000
const hour = 3_600_000
const origin = 'https://api.example'
const firstRejection: Rejection = { origin, acceptedBefore: false, olderRejected: 0, endedGeneration: 0 }

function decide(rejections: Rejections | undefined, rejection: Partial<Rejection> = {}, generation = 5) {
  return decideRejection(rejections, { ...firstRejection, ...rejection }, { generation, now })
}

/** So many other origins that pause, or do not. */
function others(count: number, run: Partial<Rejections[string]> = { pausedUntil: now + 1 }): Rejections {
  const names = Array.from({ length: count }, (_, index) => `https://${index}.example`)
  return Object.fromEntries(names.map((name, index) => [name, { generation: 10 + index, count: 1, ...run }]))
}

describe('the rejection of the current token', () => {
  it.each([
    { name: 'is noted, with a refresh, where it is the first', before: undefined, kind: 'refresh', count: 0 },
    {
      name: 'refreshes again where the same token is rejected once more: its refresh failed',
      before: { generation: 5, count: 0 },
      kind: 'refresh',
      count: 0,
    },
    {
      name: 'pauses the origin where the token before was rejected too',
      before: { generation: 4, count: 0 },
      kind: 'pause',
      count: 1,
      pause: 10_000,
    },
    {
      name: 'pauses for twice as long the second time',
      before: { generation: 4, count: 1, pausedUntil: now },
      kind: 'pause',
      count: 2,
      pause: 20_000,
    },
    {
      name: 'pauses for an hour at most',
      before: { generation: 4, count: 9, pausedUntil: now - 1 },
      kind: 'pause',
      count: 10,
      pause: hour,
    },
    {
      name: 'pauses for an hour at most, however often',
      before: { generation: 4, count: 5000, pausedUntil: now - 1 },
      kind: 'pause',
      count: 5001,
      pause: hour,
    },
    {
      name: 'pauses again at exactly the end of a pause, where there is no other token yet',
      before: { generation: 5, count: 3, pausedUntil: now },
      kind: 'pause',
      count: 4,
      pause: 80_000,
    },
    {
      name: 'heeds no pause that lies further off than any that is made: the clock was set back',
      before: { generation: 4, count: 1, pausedUntil: now + hour + 1 },
      kind: 'pause',
      count: 2,
      pause: 20_000,
    },
  ])('$name', ({ before, kind, count, pause }) => {
    const run = { generation: 5, count, pausedUntil: pause && now + pause }
    expect(decide(before && { [origin]: before })).toEqual({ kind, rejections: { [origin]: run } })
  })

  it('does nothing 1 ms before the end of a pause', () => {
    expect(decide({ [origin]: { generation: 4, count: 1, pausedUntil: now + 1 } })).toEqual({ kind: 'paused' })
    expect(decide({ [origin]: { generation: 5, count: 1, pausedUntil: now + hour } })).toEqual({ kind: 'paused' })
  })

  it('is an expiry, whatever pauses, where the same address accepted the same token before', () => {
    for (const run of [
      { generation: 4, count: 0 },
      { generation: 5, count: 2, pausedUntil: now + 1 },
    ]) {
      const rejections = { [origin]: run }
      const decision = decide(rejections, { acceptedBefore: true, olderRejected: 4 })
      expect(decision).toEqual({ kind: 'refresh', rejections })
    }
  })

  it('pauses by what this holder saw alone, where the record knows nothing', () => {
    const run = { generation: 5, count: 1, pausedUntil: now + 10_000 }
    expect(decide(undefined, { olderRejected: 3 })).toEqual({ kind: 'pause', rejections: { [origin]: run } })
  })

  it('begins anew where this holder saw the run end, though the record does not know', () => {
    const rejections = { [origin]: { generation: 4, count: 3, pausedUntil: now + 1 } }
    const run = { generation: 5, count: 0 }
    expect(decide(rejections, { endedGeneration: 4 })).toEqual({ kind: 'refresh', rejections: { [origin]: run } })
  })

  it('does not lift the pause of a run that another holder found after that', () => {
    const rejections = { [origin]: { generation: 5, count: 3, pausedUntil: now + 1 } }
    expect(decide(rejections, { endedGeneration: 4 })).toEqual({ kind: 'paused' })
  })

  it.each([
    { name: 'where the one before was rejected, is fruitless after six minutes', minutes: 6, kind: 'pause' },
    { name: 'where the one before was rejected, may be an expiry after more', minutes: 6.01, kind: 'refresh' },
    { name: 'where only this holder saw that', older: 4, run: undefined, minutes: 6.01, kind: 'refresh' },
    { name: 'after its own pause', run: { generation: 5, count: 3 }, minutes: 6.01, kind: 'refresh' },
    {
      name: 'not while it pauses',
      run: { generation: 4, count: 1, pausedUntil: now + 1 },
      minutes: 60,
      kind: 'paused',
    },
    { name: 'later, the more origins paused', more: 2, run: { generation: 4, count: 1 }, minutes: 18, kind: 'pause' },
    { name: 'then', more: 2, run: { generation: 4, count: 1 }, minutes: 18.01, kind: 'refresh' },
  ])(
    'of a token that has lived: $name',
    ({ run = { generation: 4, count: 0 }, older = 0, more = 0, minutes, kind }) => {
      const rejections = { ...others(more, { pausedUntil: now - 1 }), [origin]: run }
      const token = { generation: 5, now, receivedAt: now - minutes * 60_000 }
      const rejection = { ...firstRejection, olderRejected: older }
      expect(decideRejection(older > 0 ? undefined : rejections, rejection, token)).toMatchObject({ kind })
    },
  )

  it('leaves the runs of other origins alone', () => {
    const rejections = { 'https://files.example': { generation: 4, count: 1, pausedUntil: now + 1 } }
    const run = { generation: 5, count: 0 }
    expect(decide(rejections)).toEqual({ kind: 'refresh', rejections: { ...rejections, [origin]: run } })
  })
})

describe('the ninth origin', () => {
  it('takes the place of the oldest that does not pause', () => {
    const rejections = { ...others(7), 'https://old.example': { generation: 20, count: 0 } }
    const decision = decide(rejections)
    expect(decision).toEqual({ kind: 'refresh', rejections: { ...others(7), [origin]: { generation: 5, count: 0 } } })
  })

  it('takes the place of the one of the lowest generation, among those', () => {
    const decision = decide(others(8, { pausedUntil: now - hour - 1 }))
    const kept = decision.kind === 'refresh' ? Object.keys(decision.rejections ?? {}) : []
    expect(kept).toHaveLength(8)
    expect(kept).not.toContain('https://0.example')
    expect(kept).toContain(origin)
  })

  it('shares one entry with all others while eight pause', () => {
    const first = decide(others(8))
    expect(first).toEqual({ kind: 'refresh', rejections: { ...others(8), '*': { generation: 5, count: 0 } } })
    const rejections = first.kind === 'refresh' ? first.rejections : undefined
    const second = decide(rejections, { origin: 'https://tenth.example' }, 6)
    const shared = { generation: 6, count: 1, pausedUntil: now + 10_000 }
    expect(second).toEqual({ kind: 'pause', rejections: { ...others(8), '*': shared } })
  })

  it('shares that entry also where the eight have only just paused: asked in turn, they would forget each other', () => {
    const just = others(8, { pausedUntil: now - hour })
    expect(decide(just)).toMatchObject({ kind: 'refresh', rejections: { '*': { generation: 5 } } })
  })

  it('does not heed the shared entry once fewer than eight are kept', () => {
    const rejections = { ...others(7), '*': { generation: 4, count: 1, pausedUntil: now + 1 } }
    expect(runOf(rejections, origin, now)).toBeUndefined()
    expect(decide(rejections)).toMatchObject({ kind: 'refresh', rejections: { [origin]: { count: 0 } } })
  })
})

describe('the pauses of a record', () => {
  const rejections = {
    'https://b.example': { generation: 5, count: 1, pausedUntil: now + 1 },
    'https://a.example': { generation: 5, count: 1, pausedUntil: now + 2 },
    'https://over.example': { generation: 5, count: 1, pausedUntil: now },
    'https://running.example': { generation: 5, count: 0 },
  }

  it('are told by origin', () => {
    expect(pausedUntil(rejections, 'https://b.example', now)).toBe(now + 1)
    expect(pausedUntil(rejections, 'https://over.example', now)).toBeUndefined()
    expect(pausedUntil(rejections, 'https://running.example', now)).toBeUndefined()
    expect(pausedUntil(rejections, 'https://unknown.example', now)).toBeUndefined()
    expect(pausedUntil(undefined, 'https://b.example', now)).toBeUndefined()
  })

  it('end one after the other', () => {
    expect(nextPauseEnd(rejections, now)).toBe(now + 1)
    expect(nextPauseEnd(rejections, now + 1)).toBe(now + 2)
    expect(nextPauseEnd(rejections, now + 2)).toBe(Infinity)
    expect(nextPauseEnd(undefined, now)).toBe(Infinity)
  })

  it('are listed for all others only where those pause', () => {
    const shared = { '*': { generation: 5, count: 1, pausedUntil: now + 7 } }
    expect(pausingOrigins({ ...others(8), ...shared }, now)[0]).toBe('*')
    expect(pausingOrigins({ ...others(7), ...shared }, now)).toHaveLength(7)
  })

  it('are listed, sorted', () => {
    expect(pausingOrigins(rejections, now)).toEqual(['https://a.example', 'https://b.example'])
    expect(pausingOrigins(undefined, now)).toEqual([])
  })

  it('are those of the shared entry for an origin without a run, while eight pause', () => {
    const full = { ...others(8), '*': { generation: 5, count: 1, pausedUntil: now + 7 } }
    expect(pausedUntil(full, origin, now)).toBe(now + 7)
    expect(pausedUntil(full, 'https://0.example', now)).toBe(now + 1)
  })
})

it('runs that have ended are taken out, and none of a later token', () => {
  const rejections = others(3)
  expect(withoutRuns(rejections, new Map())).toBe(rejections)
  expect(withoutRuns(undefined, new Map([[origin, 5]]))).toBeUndefined()
  const { 'https://1.example': ended, ...rest } = rejections
  const seen = [11, 11, 11].map((generation, index): [string, number] => [`https://${index + 1}.example`, generation])
  expect(withoutRuns(rejections, new Map([...seen, [origin, 5]]))).toEqual(rest)
})

it('an origin that rejects every token costs a bounded number of refreshes, whatever it is sent', () => {
  let rejections: Rejections | undefined
  const token = { generation: 1, receivedAt: now }
  const refreshes: number[] = []
  const day = 24 * hour
  // A request each second, and each refresh brings a new token at once.
  for (let time = now; time < now + day; time += 1000) {
    const decision = decideRejection(rejections, firstRejection, { ...token, now: time })
    if (decision.kind === 'paused') continue
    rejections = decision.rejections
    if (decision.kind === 'pause') continue
    refreshes.push(time - now)
    token.receivedAt = time
    token.generation += 1
  }
  expect(refreshes.filter((at) => at < hour).length).toBeLessThanOrEqual(4)
  // One new token is tried after each of the longest pauses: no revocation lasts for ever.
  expect(refreshes.length).toBeGreaterThan(20)
  expect(refreshes.length).toBeLessThan(30)
})

it('no number of origins makes a record grow, or shortens a pause', () => {
  const step = fc.record({
    index: fc.integer({ min: 0, max: 30 }),
    generation: fc.integer({ min: 1, max: 9 }),
    wait: fc.integer({ min: 0, max: 15_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let rejections: Rejections = {}
      let time = now
      for (const { index, generation, wait } of steps) {
        time += wait
        const before = pausingOrigins(rejections, time)
        const rejection = { ...firstRejection, origin: `https://${index}.example` }
        const decision = decideRejection(rejections, rejection, { generation, now: time })
        if (decision.kind !== 'paused') rejections = decision.rejections ?? {}
        expect(Object.keys(rejections).length).toBeLessThanOrEqual(9)
        expect(pausingOrigins(rejections, time)).toEqual(expect.arrayContaining(before))
      }
    }),
  )
})

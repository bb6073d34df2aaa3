import { describe, expect, it } from 'vitest'
import { remainingMilliseconds } from './remaining.ts'

const held = { isHeld: true, lostAt: Number.NEGATIVE_INFINITY }
const confirmed = { monotonic: 1_000, wall: 500_000 }

function remainingAfter(
  elapsed: { monotonic: number; wall: number },
  presence?: { isHeld: boolean; lostAt: number },
): number {
  const now = { monotonic: confirmed.monotonic + elapsed.monotonic, wall: confirmed.wall + elapsed.wall }
  return remainingMilliseconds({ leaseMilliseconds: 30_000, confirmed, now, presence })
}

describe('the time that a lease lasts at least', () => {
  it.each([
    ['at once', { monotonic: 0, wall: 0 }, 30_000, 18_000],
    ['after ten seconds', { monotonic: 10_000, wall: 10_000 }, 20_000, 8_000],
    ['after a sleep in which the monotonic clock stood still', { monotonic: 50, wall: 40_000 }, 0, 0],
    ['after the wall clock was set back', { monotonic: 10_000, wall: -3_600_000 }, 20_000, 8_000],
    ['after the wall clock was set forward', { monotonic: 10, wall: 3_600_000 }, 0, 0],
    ['at the very end', { monotonic: 30_000, wall: 30_000 }, 0, 0],
  ])('%s, and with presence until its machine may be taken for dead', (_when, elapsed, expected, withPresence) => {
    expect(remainingAfter(elapsed)).toBe(expected)
    expect(remainingAfter(elapsed, held)).toBe(withPresence)
  })

  it('is what others wait for, once the presence was lost', () => {
    const lost = { isHeld: false, lostAt: 5_000 }
    expect(remainingAfter({ monotonic: 5_000, wall: 5_000 }, lost)).toBe(2_000)
    expect(remainingAfter({ monotonic: 7_000, wall: 7_000 }, lost)).toBe(0)
  })

  it('stays so when the presence is back, until the lease is confirmed again', () => {
    expect(remainingAfter({ monotonic: 5_000, wall: 5_000 }, { isHeld: true, lostAt: 5_000 })).toBe(2_000)
    expect(remainingAfter({ monotonic: 5_000, wall: 5_000 }, { isHeld: true, lostAt: 500 })).toBe(13_000)
  })

  it('counts from the confirmation where the presence was lost before it and is not back', () => {
    expect(remainingAfter({ monotonic: 1_000, wall: 1_000 }, { isHeld: false, lostAt: 500 })).toBe(2_000)
  })
})

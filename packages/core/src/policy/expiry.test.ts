import { describe, expect, test } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { judgeToken, refreshDueAt, refreshMargin } from './expiry.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const receivedAt = 1_700_000_000_000

test.each([
  { lifetime: 0, margin: 0, because: 'there is none' },
  { lifetime: -5 * second, margin: 0, because: 'it is over' },
  { lifetime: 2 * second, margin: 1 * second, because: 'half the lifetime is the most' },
  { lifetime: 20 * second, margin: 10 * second, because: 'half and the least are equal' },
  { lifetime: 20 * second + 2, margin: 10 * second, because: 'ten seconds are the least' },
  { lifetime: 40 * second, margin: 10 * second, because: 'a quarter and the least are equal' },
  { lifetime: 40 * second + 4, margin: 10 * second + 1, because: 'a quarter takes over' },
  { lifetime: 5 * minute, margin: 75 * second, because: 'it is a quarter' },
  { lifetime: hour, margin: 15 * minute, because: 'a quarter and the most are equal' },
  { lifetime: hour + 4, margin: 15 * minute, because: 'fifteen minutes are the most' },
  { lifetime: 30 * 24 * hour, margin: 15 * minute, because: 'fifteen minutes are the most' },
  { lifetime: Number.POSITIVE_INFINITY, margin: 15 * minute, because: 'fifteen minutes are the most' },
])('the margin of a lifetime of $lifetime ms is $margin ms: $because', ({ lifetime, margin }) => {
  expect(refreshMargin(lifetime)).toBe(margin)
})

describe('a token is due', () => {
  const expiresAt = receivedAt + hour

  test.each([
    { random: 0, earlier: 0 },
    { random: 0.5, earlier: 45 * second },
    { random: 1, earlier: 90 * second },
  ])('at its margin, jittered earlier by up to a tenth of it: $random', ({ random, earlier }) => {
    expect(refreshDueAt({ receivedAt, expiresAt }, random)).toBe(expiresAt - 15 * minute - earlier)
  })

  test('P26 never, when its lifetime is unknown', () => {
    expect(refreshDueAt({ receivedAt }, 1)).toBe(Number.POSITIVE_INFINITY)
  })

  test.each([0, -1, -hour])('P27 at its arrival, when its lifetime is %d ms', (lifetime) => {
    expect(refreshDueAt({ receivedAt, expiresAt: receivedAt + lifetime }, 1)).toBe(receivedAt)
  })

  test('P27 after about half of a lifetime of 2 s', () => {
    expect(refreshDueAt({ receivedAt, expiresAt: receivedAt + 2 * second }, 0)).toBe(receivedAt + 1000)
    expect(refreshDueAt({ receivedAt, expiresAt: receivedAt + 2 * second }, 1)).toBe(receivedAt + 900)
  })

  test('P27 in whole milliseconds, before its expiry, and later than at 4/10 of its lifetime, whatever that is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 8.64e15 - receivedAt }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        // An app's own margin may be longer than tokens come to live.
        fc.option(fc.nat(), { nil: undefined }),
        (lifetime, random, margin) => {
          const due = refreshDueAt({ receivedAt, expiresAt: receivedAt + lifetime }, random, margin)
          expect(Number.isInteger(due)).toBe(true)
          expect(due).toBeLessThanOrEqual(receivedAt + lifetime)
          expect(due).toBeGreaterThanOrEqual(receivedAt + Math.floor(lifetime * 0.4))
        },
      ),
    )
  })
})

describe('P25 a token', () => {
  const token = { refreshDueAt: 1000, expiresAt: 2000 }

  test.each([
    { now: 0, expected: 'fresh', when: 'long before the refresh margin' },
    { now: 999, expected: 'fresh', when: '1 ms before the refresh margin' },
    { now: 1000, expected: 'expiring', when: 'at exactly the refresh margin' },
    { now: 1999, expected: 'expiring', when: '1 ms before it expires' },
    { now: 2000, expected: 'expired', when: 'at exactly its expiry' },
    { now: 2 * 24 * hour, expected: 'expired', when: 'two days later (P29)' },
  ])('is $expected $when', ({ now, expected }) => {
    expect(judgeToken(token, now)).toBe(expected)
  })

  test('is not due one second before the margin, and due at it', () => {
    const times = { receivedAt, expiresAt: receivedAt + hour }
    const due = refreshDueAt(times, 0)
    const judge = (now: number) => judgeToken({ ...times, refreshDueAt: due }, now)
    expect(judge(receivedAt + 45 * minute - second)).toBe('fresh')
    expect(judge(receivedAt + 45 * minute)).toBe('expiring')
  })

  test('P26 of unknown lifetime is fresh for ever', () => {
    expect(judgeToken({ refreshDueAt: Number.POSITIVE_INFINITY }, 8.64e15)).toBe('fresh')
  })

  test('P26 of unknown lifetime that is made due is expiring and never expired', () => {
    expect(judgeToken({ refreshDueAt: 1000 }, 8.64e15)).toBe('expiring')
  })

  test('P27 without a lifetime is expired on arrival', () => {
    const times = { receivedAt, expiresAt: receivedAt }
    expect(judgeToken({ ...times, refreshDueAt: refreshDueAt(times, 0.5) }, receivedAt)).toBe('expired')
  })
})

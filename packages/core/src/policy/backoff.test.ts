import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffDelay, readRetryAfter } from './backoff.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
/** Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110. */
const now = 784_111_777_000

describe('the delay', () => {
  test.each([
    { failures: 1, ceiling: 1 * second },
    { failures: 2, ceiling: 2 * second },
    { failures: 3, ceiling: 4 * second },
    { failures: 9, ceiling: 256 * second },
    { failures: 10, ceiling: 5 * minute },
    { failures: 11, ceiling: 5 * minute },
    { failures: 1e6, ceiling: 5 * minute },
    { failures: Number.MAX_VALUE, ceiling: 5 * minute },
    { failures: Number.POSITIVE_INFINITY, ceiling: 5 * minute },
    { failures: 0, ceiling: 1 * second },
    { failures: -1, ceiling: 1 * second },
  ])('after $failures failures in a row is 0.1 s to $ceiling ms', ({ failures, ceiling }) => {
    expect(backoffDelay(failures, 0)).toBe(100)
    expect(backoffDelay(failures, 0.5)).toBe(50 + ceiling / 2)
    expect(backoffDelay(failures, 1)).toBe(ceiling)
  })

  test('P36 over an hour makes a bounded number of tries, however the jitter falls', () => {
    const tries = (random: number) => {
      let [elapsed, count] = [0, 0]
      while (elapsed < hour) elapsed += backoffDelay(++count, random)
      return count
    }
    expect(tries(1)).toBe(20)
    expect(tries(0.5)).toBeLessThan(40)
  })

  test('is always a whole number of milliseconds that a timer can take', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const delay = backoffDelay(failures, random)
          expect(Number.isInteger(delay) && delay >= 100 && delay <= 5 * minute).toBe(true)
        },
      ),
    )
  })
})

describe('Retry-After', () => {
  test('reads a year of two digits as one that is at most 50 years ahead', () => {
    const in2026 = Date.UTC(2026, 0, 1)
    expect(readRetryAfter('Friday, 01-Jan-76 00:00:00 GMT', in2026)).toBe(in2026 + hour)
    expect(readRetryAfter('Friday, 01-Jan-77 00:00:00 GMT', in2026)).toBe(in2026)
  })

  test.each([
    ['120', 120 * second],
    [' 120 ', 120 * second],
    ['0', 0],
    ['00', 0],
    ['3599', hour - second],
    ['3600', hour],
    ['3601', hour],
    ['9'.repeat(400), hour],
    ['Sun, 06 Nov 1994 08:50:37 GMT', minute],
    ['Sunday, 06-Nov-94 08:50:37 GMT', minute],
    ['Sun Nov  6 08:50:37 1994', minute],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Sun, 06 Nov 1994 09:49:37 GMT', hour],
    ['Sun, 06 Nov 1994 09:49:38 GMT', hour],
    ['Fri, 31 Dec 9999 23:59:59 GMT', hour],
    // Two digits that would be more than 50 years ahead are of the century before.
    ['Saturday, 06-Nov-93 08:49:37 GMT', 0],
    ['Sunday, 06-Nov-45 08:49:37 GMT', 0],
    ['Sunday, 06-Nov-44 08:49:37 GMT', hour],
    ['Sunday, 06-Nov-00 08:49:37 GMT', hour],
  ])('%j asks to come back %d ms from now', (header, expected) => {
    expect(readRetryAfter(header, now)).toBe(now + expected)
  })

  test.each([
    [undefined],
    [''],
    [' '],
    ['-5'],
    ['+5'],
    ['1.5'],
    ['5s'],
    ['5, 10'],
    ['soon'],
    ['NaN'],
    ['Infinity'],
    ['1e3'],
    ['0x10'],
    ['1994-11-06T08:50:37Z'],
    ['Sun, 06 Foo 1994 08:50:37 GMT'],
    ['Sun, 06 Nov 1994 08:50:37 PST'],
    ['Sun, 06 Nov 1994 08:50:37'],
    ['784111837000 ms'],
  ])('%j is malformed and asks for nothing', (header) => {
    expect(readRetryAfter(header, now)).toBeUndefined()
  })
})

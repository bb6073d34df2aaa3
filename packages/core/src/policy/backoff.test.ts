import { describe, expect, test } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import {
  backoffDelay,
  boundRetryAt,
  isHeldBack,
  isRetryDue,
  readHttpDate,
  readRetryAfter,
  retryAfterOf,
} from './backoff.ts'

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

  test.each([
    { failures: 1, run: 0, ceiling: 1 * second },
    { failures: 2, run: 1 * second, ceiling: 2 * second },
    { failures: 3, run: 3 * second, ceiling: 2 * second },
    { failures: 10, run: 10 * second - 1, ceiling: 2 * second },
    { failures: 3, run: 10 * second, ceiling: 4 * second },
    { failures: 10, run: 10 * second, ceiling: 5 * minute },
  ])('after $failures failures in $run ms is at most $ceiling ms: callers wait for 10 s', (row) => {
    const { failures, run, ceiling } = row
    expect(backoffDelay(failures, 0, run)).toBe(100)
    expect(backoffDelay(failures, 1, run)).toBe(ceiling)
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
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Sun, 06 Nov 1994 09:49:37 GMT', hour],
    ['Sun, 06 Nov 1994 09:49:38 GMT', hour],
    ['Fri, 31 Dec 9999 23:59:59 GMT', hour],
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
    // RFC 850's and `asctime`'s dates, which are obsolete.
    ['Sunday, 06-Nov-94 08:50:37 GMT'],
    ['Sun Nov  6 08:50:37 1994'],
  ])('%j is malformed and asks for nothing', (header) => {
    expect(readRetryAfter(header, now)).toBeUndefined()
  })
})

const date = 'Sun, 06 Nov 1994 08:49:37 GMT'

describe('an instant at which to try again', () => {
  test.each([
    { name: 'that has passed is now', instant: now - 1, expected: now },
    { name: 'within the hour is taken as it is', instant: now + hour, expected: now + hour },
    { name: 'later than that is in an hour', instant: now + hour + 1, expected: now + hour },
    { name: 'that never comes is in an hour', instant: Number.POSITIVE_INFINITY, expected: now + hour },
  ])('$name', ({ instant, expected }) => {
    expect(boundRetryAt(instant, now)).toBe(expected)
  })
})

test.each([
  { name: 'a date, by the clock of the server', header: 'Sun, 06 Nov 1994 08:50:37 GMT', date, expected: '60' },
  { name: 'a date that has passed there', header: 'Sun, 06 Nov 1994 08:49:00 GMT', date, expected: '0' },
  { name: 'a date, without a date of the response', header: date, date: undefined, expected: date },
  { name: 'a date, with one that is malformed', header: date, date: 'now', expected: date },
  { name: 'seconds', header: '120', date, expected: '120' },
  { name: 'what is malformed', header: 'soon', date, expected: 'soon' },
  { name: 'nothing', header: undefined, date, expected: undefined },
])('Retry-After with $name is $expected', ({ header, date, expected }) => {
  expect(retryAfterOf({ ...(header && { 'retry-after': header }), ...(date && { date }) })).toBe(expected)
})

test('an HTTP date is read as strictly as it is written', () => {
  expect(readHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(now)
  expect(readHttpDate('Sun, 06 Nov 1994 08:49:37 GMT ')).toBeNaN()
  expect(readHttpDate('Sun, 45 Nov 1994 08:49:37 GMT')).toBeNaN()
  expect(readHttpDate('1.5')).toBeNaN()
})

describe('a pause', () => {
  const longestMilliseconds = 5 * minute
  test.each([
    { name: 'that was never made does not hold', until: undefined, expected: false },
    { name: 'holds until 1 ms before its end', until: now + 1, expected: true },
    { name: 'is over at exactly its end', until: now, expected: false },
    { name: 'of the longest kind holds', until: now + longestMilliseconds, expected: true },
    { name: 'longer than any was made by a wrong clock', until: now + longestMilliseconds + 1, expected: false },
  ])('$name', ({ until, expected }) => {
    expect(isHeldBack(until, { now, longestMilliseconds })).toBe(expected)
  })
})

describe('a retry', () => {
  test.each([
    { name: 'is due where nothing failed', failure: undefined, expected: true },
    { name: 'is not due 1 ms early', failure: { retryAt: now + 1, serverAsked: false }, expected: false },
    { name: 'is due at exactly its time', failure: { retryAt: now, serverAsked: false }, expected: true },
    {
      name: 'is due where our own pause would be longer than any',
      failure: { retryAt: now + 5 * minute + 1, serverAsked: false },
      expected: true,
    },
    {
      name: 'is not due for an hour where the server asked for that',
      failure: { retryAt: now + hour, serverAsked: true },
      expected: false,
    },
    {
      name: 'is due where a server would have asked for more than that',
      failure: { retryAt: now + hour + 1, serverAsked: true },
      expected: true,
    },
    {
      name: 'is due where its time is not a number',
      failure: { retryAt: Number.NaN, serverAsked: false },
      expected: true,
    },
  ])('$name', ({ failure, expected }) => {
    expect(isRetryDue(failure, now)).toBe(expected)
  })
})

import { expect, test } from 'vitest'
import { type Measurement, meetsTarget, quantile, summarize } from './measurement.ts'

test.each([
  { values: [3], part: 0.5, expected: 3 },
  { values: [3, 1, 2], part: 0.5, expected: 2 },
  { values: [4, 1, 3, 2], part: 0.5, expected: 2.5 },
  { values: [10, 20, 30, 40, 50], part: 0.25, expected: 20 },
  { values: [0, 1], part: 0.75, expected: 0.75 },
])('the quantile $part of $values is $expected', ({ values, part, expected }) => {
  expect(quantile(values, part)).toBe(expected)
})

const measurement: Measurement = { name: 'a', value: 1, unit: 'ms', target: { atMost: 2 } }

test('summarizes each number over its processes', () => {
  const found = [1, 2, 9].flatMap((value) => [
    { ...measurement, value },
    { ...measurement, name: 'b', value: value * 10 },
  ])
  expect(summarize(found).map(({ median, processes }) => [median, processes])).toEqual([
    [2, 3],
    [20, 3],
  ])
})

test.each([
  { target: { atMost: 2 }, meets: true },
  { target: { atMost: 1.9 }, meets: false },
  { target: { atLeast: 2 }, meets: true },
  { target: { atLeast: 2.1 }, meets: false },
])('holds a median of 2 against $target', ({ target, meets }) => {
  const [summary] = summarize([{ ...measurement, value: 2, target }])
  expect(summary && meetsTarget(summary)).toBe(meets)
})

import { describe, expect, test } from 'vitest'
import { decideRefusal, isRefusedWithoutReason, type Refusal, type Refusals } from './decide-refusal.ts'

const start = 1_900_000_000_000

type Step = [after: number, refusal: Refusal, expected: 'nothing' | 'mayBeOver' | 'ends']

describe('refusals', () => {
  test.each<[name: string, steps: Step[]]>([
    [
      'end with the third, at exactly 30 s',
      [
        [0, 'unknownWord', 'nothing'],
        [10_000, 'unknownWord', 'mayBeOver'],
        [30_000, 'unknownWord', 'ends'],
      ],
    ],
    [
      'do not end with the second, however late',
      [
        [0, 'unknownWord', 'nothing'],
        [86_400_000, 'unknownWord', 'mayBeOver'],
        [86_400_001, 'unknownWord', 'ends'],
      ],
    ],
    [
      'do not end a millisecond before 30 s, however many',
      [
        [0, 'unknownWord', 'nothing'],
        [1, 'unknownWord', 'mayBeOver'],
        [2, 'unknownWord', 'mayBeOver'],
        [29_999, 'unknownWord', 'mayBeOver'],
        [30_000, 'unknownWord', 'ends'],
      ],
    ],
    [
      'end at exactly two minutes if one of them was bare, whichever',
      [
        [0, 'bare', 'nothing'],
        [60_000, 'unknownWord', 'mayBeOver'],
        [119_999, 'unknownWord', 'mayBeOver'],
        [120_000, 'unknownWord', 'ends'],
      ],
    ],
    [
      'wait for two minutes from the first bare one on',
      [
        [0, 'unknownWord', 'nothing'],
        [20_000, 'unknownWord', 'mayBeOver'],
        [40_000, 'bare', 'mayBeOver'],
        [120_000, 'bare', 'ends'],
      ],
    ],
  ])('%s', (_name, steps) => {
    let refusals: Refusals | undefined
    for (const [after, refusal, expected] of steps) {
      const decision = decideRefusal(refusals, refusal, start + after)
      refusals = decision.refusals
      expect({ after, ends: decision.ends, mayBeOver: decision.mayBeOver }).toEqual({
        after,
        ends: expected === 'ends',
        mayBeOver: expected !== 'nothing',
      })
    }
  })

  test('are counted from now on when the clock was set back before the first one', () => {
    const before: Refusals = { count: 2, since: start, bare: false }
    const { refusals, ends } = decideRefusal(before, 'unknownWord', start - 1000)
    expect(ends).toBe(false)
    expect(refusals).toEqual({ count: 3, since: start - 1000, bare: false })
    expect(decideRefusal(refusals, 'unknownWord', start + 29_000).ends).toBe(true)
  })
})

test.each([
  { refusalsWithoutReason: 4, after: 3_600_000, told: false },
  { refusalsWithoutReason: 5, after: 599_999, told: false },
  { refusalsWithoutReason: 5, after: 600_000, told: true },
  { refusalsWithoutReason: 6, after: 700_000, told: true },
])('$refusalsWithoutReason without a reason after $after ms are told of: $told', ({ told, after, ...run }) => {
  expect(isRefusedWithoutReason({ ...run, since: start }, start + after)).toBe(told)
})

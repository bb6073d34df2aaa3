import type { RecordedTransition, SessionRecording } from '@authchart/core/inspect'
import { expect, it } from 'vitest'
import { isNews, joinRecordings } from './recorded-runs.ts'

const idle = { signedIn: { token: 'fresh', refresh: 'idle' } }
const refreshing = { signedIn: { token: 'expired', refresh: { refreshing: 'rereading' } } }
const over = { signedIn: { token: 'expired', refresh: 'invalidated' } }

function record(takenAt: number, ...states: RecordedTransition['state'][]): SessionRecording {
  return {
    format: 1,
    startedAt: takenAt - states.length,
    takenAt,
    dropped: 0,
    about: { refreshTiming: 'onUse' },
    transitions: states.map((state, index) => ({ time: takenAt - index, event: 'event', state, generation: 1 })),
  }
}

it('joins runs in the order in which they ended, and leaves out the oldest transitions', () => {
  const joined = joinRecordings([record(2000, over), record(1000, ...Array(1000).fill(idle))])
  expect(joined).toMatchObject({ startedAt: 0, takenAt: 2000, dropped: 1 })
  expect(joined?.transitions).toHaveLength(1000)
  expect(joined?.transitions.at(-1)?.state).toEqual(over)
  expect(joinRecordings([])).toBeUndefined()
})

it('keeps only a run that refreshed, or that left another state than those before', () => {
  expect(isNews(record(1, idle), undefined)).toBe(true)
  expect(isNews(record(2, 'restoring', idle), record(1, idle))).toBe(false)
  expect(isNews(record(2, refreshing, idle), record(1, idle))).toBe(true)
  expect(isNews(record(2, over), record(1, idle))).toBe(true)
  expect(isNews(record(3, over), record(2, over))).toBe(false)
})

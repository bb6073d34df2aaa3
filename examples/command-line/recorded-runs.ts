import type { RecordedState, SessionRecording } from '@authchart/core/inspect'

/** How many transitions of all runs together are explained. */
const transitionLimit = 1_000

/**
 * Joins the recordings of several runs of the program, since later runs fail because of an end that an earlier one saw.
 * `undefined` without recordings.
 */
export function joinRecordings(recordings: readonly SessionRecording[]): SessionRecording | undefined {
  const inOrder = recordings.toSorted((one, other) => one.takenAt - other.takenAt)
  const last = inOrder.at(-1)
  if (last === undefined) return undefined
  const transitions = inOrder.flatMap((recording) => recording.transitions)
  const dropped = inOrder.reduce((sum, recording) => sum + recording.dropped, 0)
  return {
    ...last,
    startedAt: Math.min(...inOrder.map(({ startedAt }) => startedAt)),
    dropped: dropped + Math.max(transitions.length - transitionLimit, 0),
    transitions: transitions.slice(-transitionLimit),
  }
}

/**
 * Whether a run is worth keeping: it refreshed, or left the session in another state than the runs before it. So the many
 * runs after the end do not push out the run that saw it.
 */
export function isNews(recording: SessionRecording, before: SessionRecording | undefined): boolean {
  if (recording.transitions.some(({ state }) => isRefreshing(state))) return true
  return outcomeOf(recording) !== (before && outcomeOf(before))
}

function outcomeOf({ transitions }: SessionRecording): string {
  const { state, code, reason } = transitions.at(-1) ?? {}
  return JSON.stringify({ state, code, reason })
}

function isRefreshing(state: RecordedState): boolean {
  return JSON.stringify(state).includes('"refreshing"')
}

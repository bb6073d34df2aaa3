import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { changeHolder, type Guard, type Holder, type Run, type RunStep, type State, type Vault } from './state.ts'
import { follow } from './vault.ts'

/** Which run of which holder makes a step, and which guard the procedure lacks. */
export interface RunContext {
  readonly holder: number
  readonly run: number
  readonly without: Guard | undefined
}

export function runOf(state: State, { holder, run }: RunContext): Run {
  const found = state.holders[holder]?.runs[run]
  if (found === undefined) throw new Error(`Holder ${holder} has no run ${run}`)
  return found
}

/** The run goes on to another step. */
export function changeRun(state: State, context: RunContext, step: RunStep, sent = 0): State {
  const run = runOf(state, context)
  const { generation, cause, olderRejected, interested, lease } = run
  const next: Run = { generation, cause, olderRejected, interested, lease, sent: run.sent + sent, ...step }
  return changeRuns(state, context, (runs) => runs.map((each, at) => (at === context.run ? next : each)))
}

/** The run takes the lease, loses it, or begins anew without one. */
export function changeLease(state: State, context: RunContext, lease: Run['lease']): State {
  const run = { ...runOf(state, context), lease }
  return changeRuns(state, context, (runs) => runs.map((each, at) => (at === context.run ? run : each)))
}

/** The run is over, and with it its lease. */
export function finish(state: State, context: RunContext, change: (vault: Vault) => Vault = (vault) => vault): State {
  const ended = changeRuns(state, context, (runs) => runs.filter((_, at) => at !== context.run))
  const { vault } = holderOf(ended, context)
  return changeHolder(ended, context.holder, { vault: change(vault) })
}

/** The run is over; what others have made of the session is taken over. */
export function followAndFinish(state: State, record: SessionRecord | undefined, context: RunContext): State {
  return finish(state, context, (vault) => (record === undefined ? vault : follow(vault, record, context.without)))
}

/** A revision that nobody has had. */
export function newRevision(state: State): [State, string] {
  return [{ ...state, nextRevision: state.nextRevision + 1 }, String(state.nextRevision)]
}

function changeRuns(state: State, context: RunContext, change: (runs: readonly Run[]) => readonly Run[]): State {
  return changeHolder(state, context.holder, { runs: change(holderOf(state, context).runs) })
}

function holderOf(state: State, { holder }: RunContext): Holder {
  const found = state.holders[holder]
  if (found === undefined) throw new Error(`There is no holder ${holder}`)
  return found
}

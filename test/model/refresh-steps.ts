import {
  decideAfterReread,
  isWorthAdopting,
  nextGeneration,
  type RereadDecision,
} from '../../packages/core/src/policy/choose-record.ts'
import { recordWithIntent } from '../../packages/core/src/policy/next-record.ts'
import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { outcomeSteps } from './outcome-steps.ts'
import { requestSteps } from './request-steps.ts'
import { changeRun, finish, followAndFinish, newRevision, type RunContext, runOf } from './run.ts'
import { nameOf, type Scenario, type State } from './state.ts'
import { chance, progress, type Step } from './step.ts'
import { readStore, writeStore } from './store.ts'
import { storingSteps } from './storing-steps.ts'
import { take } from './vault.ts'

/** What the refreshes under way can do next: the procedure of `refreshUnderLease`, a step at a time. */
export function refreshSteps(state: State, scenario: Scenario): Step[] {
  return state.holders.flatMap(({ runs }, holder) =>
    runs.flatMap((_, run) => stepsOf(state, { holder, run, without: scenario.without })),
  )
}

function stepsOf(state: State, context: RunContext): Step[] {
  const run = runOf(state, context)
  switch (run.at) {
    case 'waitingForLease':
      return waitForLease(state, context)
    case 'rereading':
      return reread(state, context)
    case 'writingIntent':
      return writeIntent(state, context)
    case 'sending':
    case 'awaitingAnswer':
    case 'beforeReplay':
      return requestSteps(state, context)
    case 'storing':
    case 'readingBack':
      return storingSteps(state, context)
    default:
      return outcomeSteps(state, context)
  }
}

/** Step 1. A crash frees the lease with its holder, so whoever is past this step has it. */
function waitForLease(state: State, context: RunContext): Step[] {
  const { holder, without } = context
  const { interested, generation } = runOf(state, context)
  const name = nameOf(holder)
  const failed = { type: 'finished', failed: true } as const
  if (!interested) return [progress(`${name} no longer waits for the lease`, finish(state, context), failed)]
  const isFree = state.holders.every(({ runs }) => runs.every(({ at }) => at === 'waitingForLease'))
  const steps: Step[] = []
  if (isFree || without === 'lease') {
    steps.push(progress(`${name} takes the lease`, changeRun(state, context, { at: 'rereading' })))
  }
  const { record } = state
  if (record !== undefined && isWorthAdopting(record, generation, 0)) {
    steps.push(chance(`${name} sees generation ${record.generation} while it waits`, adopt(state, record, context)))
  } else if (!isFree) {
    steps.push(chance(`${name} has waited long enough for the lease`, finish(state, context)))
  }
  return steps
}

/** Step 2. Where the record holds a backoff, it may be over by now, or not. */
function reread(state: State, context: RunContext): Step[] {
  const name = nameOf(context.holder)
  return readStore(state).flatMap(({ ok, record, state: read, say, kind }): Step[] => {
    const failed = { type: 'finished', failed: true } as const
    if (!ok || record === undefined)
      return [{ say: `${name} ${say}`, kind, state: finish(read, context), facts: [failed] }]
    const hasPause = record.backoffUntil !== undefined || record.serverCooldownUntil !== undefined
    return (hasPause ? [early, late] : [late]).map((now) => {
      const decision = decide(read, { record, now, context })
      const then = decision.kind === 'wait' ? ', and has to wait' : ''
      const facts = decision.kind === 'wait' ? [failed] : []
      return { say: `${name} ${say}${then}`, kind, state: carryOut(read, { decision, record, context }), facts }
    })
  })
}

/** Before and after the end of any backoff. */
const early = 0
const late = 2

function decide(state: State, reading: { record: SessionRecord; now: number; context: RunContext }): RereadDecision {
  const { record, now, context } = reading
  const { generation, cause } = runOf(state, context)
  const prompted = context.without === 'reread' ? Number.MAX_SAFE_INTEGER : generation
  const prompt = { generation: prompted, cause: context.without === 'explicitAfterEnd' ? ('explicit' as const) : cause }
  return decideAfterReread(record, prompt, { now, needsRefreshToken: true })
}

function carryOut(
  state: State,
  reading: { decision: RereadDecision; record: SessionRecord; context: RunContext },
): State {
  const { decision, record, context } = reading
  switch (decision.kind) {
    case 'adopt':
      return adopt(state, record, context)
    case 'follow':
      return followAndFinish(state, record, context)
    case 'wait':
      return finish(state, context)
    case 'request':
      if (!runOf(state, context).interested) return finish(state, context)
      return changeRun(state, context, { at: 'writingIntent', current: record, unknown: decision.outcomeUnknown })
    default:
      throw new Error(`The model has no token set without a refresh token, and yet: ${decision.kind}`)
  }
}

function adopt(state: State, record: SessionRecord, context: RunContext): State {
  return finish(state, context, (vault) => take(vault, record))
}

/** Step 3. */
function writeIntent(state: State, context: RunContext): Step[] {
  const { holder, without } = context
  const name = nameOf(holder)
  const run = runOf(state, context)
  if (run.at !== 'writingIntent') return []
  const { current, unknown } = run
  const [numbered, revision] = newRevision(state)
  const intended = recordWithIntent(current, {
    revision: without === 'intent' ? current.revision : revision,
    generation: current.generation,
    reservedGeneration: nextGeneration(current, { now: 0, floor: state.holders[holder]?.vault.generation ?? 0 }),
    startedAt: 0,
    holder: '',
    outcomeUnknown: unknown,
  })
  const sending = { at: 'sending', intended, unknown } as const
  if (without === 'intent') return [progress(`${name} writes no intent`, changeRun(numbered, context, sending))]
  return writeStore(numbered, { expected: current.revision, next: intended }, without).map(
    ({ end, state: after, say, kind }) => {
      const sentence = `${name} ${say}`
      if (end === 'written') return { say: sentence, kind, state: changeRun(after, context, sending), facts: [] }
      if (end === 'tooLate')
        return { say: sentence, kind, state: changeRun(after, context, { at: 'rereading' }), facts: [] }
      return { say: sentence, kind, state: finish(after, context), facts: [{ type: 'finished', failed: true }] }
    },
  )
}

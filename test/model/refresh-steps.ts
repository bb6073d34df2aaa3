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
import { changeLease, changeRun, finish, followAndFinish, newRevision, type RunContext, runOf } from './run.ts'
import { type Guard, type Holder, nameOf, type Run, type Scenario, type State, settling, timeOf } from './state.ts'
import { chance, type Fact, progress, type Step } from './step.ts'
import { readStore, writeStore } from './store.ts'
import { storingSteps } from './storing-steps.ts'
import { take } from './vault.ts'
import { isKnownBetter, writeBackOf } from './write-back-steps.ts'

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
    case 'writingPause':
    case 'writingBack':
    case 'withdrawing':
      return writeInstead(state, run, context)
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

/** Step 1. A crash frees the lease with its holder. */
function waitForLease(state: State, context: RunContext): Step[] {
  const { holder, without } = context
  const { interested, generation, cause } = runOf(state, context)
  const name = nameOf(holder)
  const failed = { type: 'finished', failed: true } as const
  if (!interested) return [progress(`${name} no longer waits for the lease`, finish(state, context), failed)]
  const isFree = state.holders.every(({ runs }) => runs.every(({ lease }) => lease !== 'held'))
  const steps: Step[] = []
  if (isFree || without === 'lease') {
    const leased = changeLease(changeRun(state, context, { at: 'rereading' }), context, 'held')
    steps.push(progress(`${name} takes the lease`, leased))
  }
  const pauses = cause === 'rejected' && state.record && decide(state, { record: state.record, now: late, context })
  if (without === 'pauseUnderLease' && pauses && pauses.kind === 'pause') {
    steps.push(chance(`${name} does not wait for the lease`, changeRun(state, context, { at: 'rereading' })))
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
    const holder = read.holders[context.holder] as Holder
    const older = writeBackOf(read, { holder, index: context.holder, without: context.without })
    if (older !== undefined) {
      const back = { at: 'writingBack', expected: record.revision, next: older.next } as const
      return [{ say: `${name} ${say}, which is older`, kind, state: changeRun(older.state, context, back), facts: [] }]
    }
    return timesOf(read, record, context).map((now) => {
      const decision = decide(read, { record, now, context })
      const then = decision.kind === 'wait' ? ', and has to wait' : ''
      const { cause } = runOf(read, context)
      const isImpatient = now === early && record.backoffUntil !== undefined && cause !== 'explicit'
      const facts: Fact[] = decision.kind === 'wait' ? [failed] : []
      if (decision.kind === 'request' && isImpatient) facts.push({ type: 'impatient' })
      return { say: `${name} ${say}${then}`, kind, state: carryOut(read, { decision, record, context }), facts }
    })
  })
}

/** Before and after the end of any backoff. A write-back settles when everybody has looked. */
const early = 0
const late = 2

function timesOf(state: State, record: SessionRecord, { without }: RunContext): number[] {
  const { backoffUntil, serverCooldownUntil } = record
  if (serverCooldownUntil === settling && without === 'settle') return [late]
  if (serverCooldownUntil === settling && isKnownBetter(state)) return [early]
  return backoffUntil === undefined && serverCooldownUntil === undefined ? [late] : [early, late]
}

function decide(state: State, reading: { record: SessionRecord; now: number; context: RunContext }): RereadDecision {
  const { record, now, context } = reading
  const { generation, cause, olderRejected } = runOf(state, context)
  const { without } = context
  const prompted = without === 'reread' ? Number.MAX_SAFE_INTEGER : generation
  const prompt = { generation: prompted, cause: causeWithout(without) ?? cause }
  const rejection = { origin: 'api', acceptedBefore: without === 'fruitless', olderRejected, endedGeneration: 0 }
  const rejected = cause === 'rejected' ? { ...prompt, rejection } : prompt
  return decideAfterReread(record, rejected, { now, needsRefreshToken: true })
}

function causeWithout(guard: Guard | undefined): 'explicit' | 'resumed' | undefined {
  if (guard === 'explicitAfterEnd') return 'explicit'
  return guard === 'backoff' ? 'resumed' : undefined
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
    case 'pause': {
      const { rejections } = decision
      if (rejections === undefined) return finish(state, context)
      const [numbered, revision] = newRevision(state)
      const next = { ...record, revision, rejections }
      return changeRun(numbered, context, { at: 'writingPause', expected: record.revision, next })
    }
    case 'request': {
      const { interested, lease } = runOf(state, context)
      if (!interested) return finish(state, context)
      if (lease === 'lost') return beginAnew(state, context)
      const { outcomeUnknown: unknown, rejections } = decision
      return changeRun(state, context, { at: 'writingIntent', current: record, unknown, rejections })
    }
    default:
      throw new Error(`The model has no token set without a refresh token, and yet: ${decision.kind}`)
  }
}

/** The lease was lost before anything was sent. */
function beginAnew(state: State, context: RunContext): State {
  return changeLease(changeRun(state, context, { at: 'waitingForLease' }), context, 'none')
}

/** What is written where nothing is sent; should that fail, it will be done again. */
function writeInstead(
  state: State,
  run: Run & { at: 'writingPause' | 'writingBack' | 'withdrawing'; expected: string; next: SessionRecord },
  context: RunContext,
): Step[] {
  const { at, lease, expected, next } = run
  const facts: Fact[] = at === 'writingPause' ? [{ type: 'wrote', what: 'pause', leased: lease === 'held' }] : []
  if (at === 'writingBack') facts.push({ type: 'finished', failed: true })
  return writeStore(state, { expected, next }, context.without).map(({ state: after, say, kind }) => {
    const then = at === 'withdrawing' ? beginAnew(after, context) : finish(after, context)
    return { say: `${nameOf(context.holder)} ${say}, and sends nothing`, kind, state: then, facts }
  })
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
  const { current, unknown, rejections, lease } = run
  const wrote: Fact = { type: 'wrote', what: 'intent', leased: lease === 'held' }
  if (lease === 'lost' && without !== 'fence') {
    return [progress(`${name} is told that its lease is lost`, changeRun(state, context, { at: 'rereading' }))]
  }
  const [numbered, revision] = newRevision(state)
  const intended = recordWithIntent(current, {
    revision: without === 'intent' ? current.revision : revision,
    generation: current.generation,
    reservedGeneration: nextGeneration(current, {
      now: timeOf(state),
      floor: state.holders[holder]?.vault.generation ?? 0,
    }),
    startedAt: 0,
    holder: '',
    outcomeUnknown: unknown,
    rejections: without === 'runInRecord' ? undefined : rejections,
  })
  const sending = { at: 'sending', intended, unknown, before: current.refreshIntent } as const
  if (without === 'intent') return [progress(`${name} writes no intent`, changeRun(numbered, context, sending))]
  return writeStore(numbered, { expected: current.revision, next: intended }, without).map(
    ({ end, state: after, say, kind }) => {
      const sentence = `${name} ${say}`
      if (end === 'written') return { say: sentence, kind, state: changeRun(after, context, sending), facts: [wrote] }
      if (end === 'tooLate')
        return { say: sentence, kind, state: changeRun(after, context, { at: 'rereading' }), facts: [] }
      return { say: sentence, kind, state: finish(after, context), facts: [{ type: 'finished', failed: true }] }
    },
  )
}

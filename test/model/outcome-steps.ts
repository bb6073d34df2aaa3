import { decideAfterLostWrite, isOutdated } from '../../packages/core/src/policy/choose-record.ts'
import { recordWithEnd, recordWithFailure } from '../../packages/core/src/policy/next-record.ts'
import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { changeRun, finish, followAndFinish, type RunContext, runOf } from './run.ts'
import { changeSet, nameOf, type OutcomeStep, type Run, type State, setOf } from './state.ts'
import { chance, type Fact, type Step } from './step.ts'
import { readStore, writeStore } from './store.ts'
import { take } from './vault.ts'

type OutcomeRun = Run & OutcomeStep

const failed: Fact = { type: 'finished', failed: true }

/** Steps 6 and 7, and what follows where the record moved on: ends and failures are on their way into the store. */
export function outcomeSteps(state: State, context: RunContext): Step[] {
  const run = runOf(state, context)
  switch (run.at) {
    case 'movedOn':
      return followOthers(state, context)
    case 'writingOutcome':
      return writeOutcome(state, run, context)
    case 'readingOutcomeBack':
      return readOutcomeBack(state, run, context)
    default:
      return []
  }
}

function followOthers(state: State, context: RunContext): Step[] {
  return readStore(state).map(({ ok, record, state: read, say, kind }) => ({
    say: `${nameOf(context.holder)} ${say}, and follows`,
    kind,
    state: ok ? followAndFinish(read, record, context) : finish(read, context),
    facts: [failed],
  }))
}

function writeOutcome(state: State, run: OutcomeRun, context: RunContext): Step[] {
  const { current } = run
  const next = outcomeRecord(run)
  const name = nameOf(context.holder)
  const steps = writeStore(state, { expected: current.revision, next }, context.without).map(
    ({ end, state: after, say, kind }): Step => {
      const sentence = `${name} ${say}`
      if (end === 'written') return { say: sentence, kind, state: tell(after, next, context), facts: [failed] }
      const isTroubled = run.isTroubled || end === 'failed'
      const then = changeRun(after, context, { ...stepOf(run), at: 'readingOutcomeBack', isTroubled })
      return { say: sentence, kind, state: then, facts: [] }
    },
  )
  // Whoever comes next knows nothing of this answer.
  if (run.isTroubled) steps.push(chance(`${name} has tried for long enough`, giveUp(state, run, context), failed))
  return steps
}

function outcomeRecord({ current, outcome, revision, keepIntent }: OutcomeRun): SessionRecord {
  if (outcome === 'failed' || outcome === 'heldBack') {
    return recordWithFailure(current, {
      revision,
      failure: { code: 'server', count: 1, since: 0, refusalsWithoutReason: 0 },
      backoffUntil: 1,
      serverCooldownUntil: outcome === 'heldBack' ? 1 : undefined,
      keepIntent,
    })
  }
  const reason = outcome === 'interactionRequired' ? 'grantRejected' : outcome
  const isKept = outcome === 'interactionRequired' || outcome === 'clientRejected'
  return recordWithEnd(current, {
    revision,
    reason,
    endedAt: 0,
    erase: isKept ? 'nothing' : 'refreshToken',
    keepIntent,
  })
}

function tell(state: State, record: SessionRecord, context: RunContext): State {
  return finish(state, context, (vault) => (record.status === 'ended' ? take(vault, record) : vault))
}

function giveUp(state: State, run: OutcomeRun, context: RunContext): State {
  return finish(changeSet(state, setOf(run.intended) ?? -1, { answered: 'nothing' }), context)
}

/** The write came too late or failed: it may have landed, or be tried again, or be pointless by now. */
function readOutcomeBack(state: State, run: OutcomeRun, context: RunContext): Step[] {
  const { current, intended, revision } = run
  const ours = {
    revision,
    expectedRevision: current.revision,
    signInId: intended.signInId,
    sentGeneration: intended.generation,
    tokens: false,
    wasEnded: intended.status === 'ended',
  }
  return readStore(state).map(({ ok, record, state: read, say, kind }) => {
    const sentence = `${nameOf(context.holder)} ${say} in place of what it wrote`
    const decision = ok ? decideAfterLostWrite(record, ours) : 'writeAgain'
    if (decision === 'stored' && record !== undefined) {
      return { say: sentence, kind, state: tell(read, record, context), facts: [failed] }
    }
    if (decision !== 'writeAgain') {
      return { say: sentence, kind, state: followAndFinish(read, record, context), facts: [failed] }
    }
    const isOlder = record !== undefined && isOutdated(record, intended)
    const again = {
      ...stepOf(run),
      current: isOlder ? { ...run.current, revision: record.revision } : (record ?? run.current),
      isTroubled: run.isTroubled || !ok,
    }
    return { say: sentence, kind, state: changeRun(read, context, { ...again, at: 'writingOutcome' }), facts: [] }
  })
}

function stepOf({ intended, current, outcome, revision, keepIntent, isTroubled }: OutcomeRun): Omit<OutcomeStep, 'at'> {
  return { intended, current, outcome, revision, keepIntent, isTroubled }
}

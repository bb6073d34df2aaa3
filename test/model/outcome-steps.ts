import { nextFailureRun, recordWithEnd, recordWithFailure } from '../../packages/core/src/policy/next-record.ts'
import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { changeRun, finish, followAndFinish, newRevision, type RunContext, runOf } from './run.ts'
import { changeSet, type EndStep, type FailureStep, nameOf, type Run, type State, setOf } from './state.ts'
import type { Fact, Step } from './step.ts'
import { readStore, writeStore } from './store.ts'
import { take } from './vault.ts'

const failed: Fact = { type: 'finished', failed: true }

/** Steps 6 and 7, and what follows where the record moved on: ends and failures are on their way into the store. */
export function outcomeSteps(state: State, context: RunContext): Step[] {
  const run = runOf(state, context)
  switch (run.at) {
    case 'movedOn':
      return followOthers(state, context)
    case 'writingEnd':
      return writeEnd(state, run, context)
    case 'writingFailure':
      return writeFailure(state, run, context)
    case 'readingAfterEnd':
    case 'readingAfterFailure':
      return readAfterLostWrite(state, run, context)
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

function writeEnd(state: State, run: Run & EndStep, context: RunContext): Step[] {
  const { intended, current, reason, keepIntent } = run
  const [numbered, revision] = newRevision(state)
  const erase = reason === 'clientRejected' ? 'nothing' : 'refreshToken'
  const next = recordWithEnd(current, { revision, reason, endedAt: 0, erase, keepIntent })
  const set = setOf(intended) ?? -1
  return writeStore(numbered, { expected: current.revision, next }, context.without).map(
    ({ end, state: after, say, kind }) => {
      const sentence = `${nameOf(context.holder)} ${say}`
      if (end === 'written') {
        const ended = finish(after, context, (vault) => take(vault, next))
        return { say: sentence, kind, state: ended, facts: [failed] }
      }
      if (end === 'tooLate') {
        return { say: sentence, kind, state: changeRun(after, context, { ...run, at: 'readingAfterEnd' }), facts: [] }
      }
      // Whoever comes next knows nothing of this answer.
      const forgotten = changeSet(after, set, { answered: 'nothing' })
      return { say: sentence, kind, state: finish(forgotten, context), facts: [failed] }
    },
  )
}

function writeFailure(state: State, run: Run & FailureStep, context: RunContext): Step[] {
  const { current, keepIntent, serverAsked } = run
  const [numbered, revision] = newRevision(state)
  const next = recordWithFailure(current, {
    revision,
    failure: nextFailureRun(current.failure, { code: 'server', now: 0, withoutReason: false }),
    backoffUntil: 1,
    serverCooldownUntil: serverAsked ? 1 : undefined,
    keepIntent,
  })
  return writeStore(numbered, { expected: current.revision, next }, context.without).map(
    ({ end, state: after, say, kind }) => {
      const then =
        end === 'tooLate' ? changeRun(after, context, { ...run, at: 'readingAfterFailure' }) : finish(after, context)
      return { say: `${nameOf(context.holder)} ${say}`, kind, state: then, facts: end === 'tooLate' ? [] : [failed] }
    },
  )
}

function readAfterLostWrite(state: State, run: Run & (EndStep | FailureStep), context: RunContext): Step[] {
  const isEnd = run.at === 'readingAfterEnd'
  return readStore(state).map(({ ok, record, state: read, say, kind }) => {
    const sentence = `${nameOf(context.holder)} ${say} in place of what it wrote`
    if (!ok || record === undefined) {
      const forgotten = isEnd ? changeSet(read, setOf(run.intended) ?? -1, { answered: 'nothing' }) : read
      return { say: sentence, kind, state: finish(forgotten, context), facts: [failed] }
    }
    if (hasMovedOn(record, run.intended)) {
      return { say: sentence, kind, state: followAndFinish(read, record, context), facts: [failed] }
    }
    const again = { ...run, current: record, at: isEnd ? 'writingEnd' : 'writingFailure' } as Run
    return { say: sentence, kind, state: changeRun(read, context, again), facts: [] }
  })
}

function hasMovedOn(theirs: SessionRecord, ours: SessionRecord): boolean {
  return (
    theirs.signInId !== ours.signInId ||
    theirs.generation > ours.generation ||
    (theirs.status !== 'signedIn' && theirs.status !== ours.status)
  )
}

import { decideAfterLostWrite, isOutdated } from '../../packages/core/src/policy/choose-record.ts'
import { recordWithTokens } from '../../packages/core/src/policy/next-record.ts'
import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { changeRun, finish, followAndFinish, type RunContext, runOf } from './run.ts'
import { changeSet, changeSignIn, createTokenSet, nameOf, type Run, type State, type StoringStep } from './state.ts'
import type { Step } from './step.ts'
import { readStore, writeStore } from './store.ts'
import { putVault, take } from './vault.ts'

type StoringRun = Run & StoringStep

/** Steps 5 and 9: an issued set is on its way into the store, for as long as that takes. */
export function storingSteps(state: State, context: RunContext): Step[] {
  const run = runOf(state, context)
  if (run.at === 'storing') return store(state, run, context)
  return run.at === 'readingBack' ? readBack(state, run, context) : []
}

function store(state: State, run: StoringRun, context: RunContext): Step[] {
  const name = nameOf(context.holder)
  const next = issuedRecord(run, context)
  return writeStore(state, { expected: run.current.revision, next }, context.without).map(
    ({ end, state: after, say, kind }) => {
      const then =
        end === 'written'
          ? finish(after, context, (vault) => take(vault, next))
          : changeRun(after, context, { ...stepOf(run), at: 'readingBack', writeFailed: end === 'failed' })
      return { say: `${name} ${say}`, kind, state: then, facts: [] }
    },
  )
}

function issuedRecord({ current, intended, set, revision }: StoringRun, { without }: RunContext): SessionRecord {
  const reserved = intended.refreshIntent?.reservedGeneration ?? 0
  return recordWithTokens(current, {
    revision,
    generation: without === 'reservedGeneration' ? current.generation + 1 : reserved,
    tokenSet: createTokenSet(set),
    rejectionStreak: 0,
  })
}

function readBack(state: State, run: StoringRun, context: RunContext): Step[] {
  const name = nameOf(context.holder)
  return readStore(state).map(({ ok, record, state: read, say, kind }) => ({
    say: `${name} ${say} in place of what it wrote`,
    kind,
    state: ok ? decide(read, { run, record, context }) : keepInMemory(read, { run, record, context }),
    facts: [],
  }))
}

interface ReadBack {
  readonly run: StoringRun
  readonly record: SessionRecord | undefined
  readonly context: RunContext
}

function decide(state: State, back: ReadBack): State {
  const { run, record, context } = back
  const { intended, set, revision, writeFailed } = run
  const signInId = context.without === 'signInId' ? (record?.signInId ?? '') : intended.signInId
  const expectedRevision = run.current.revision
  const ours = { revision, expectedRevision, signInId, sentGeneration: intended.generation, tokens: true }
  switch (decideAfterLostWrite(record, ours)) {
    case 'stored':
      return finish(state, context, (vault) => take(vault, issuedRecord(run, context)))
    case 'adopt':
      return followAndFinish(changeSet(state, set, { fate: 'superseded' }), record, context)
    case 'drop': {
      const revoked = changeSignIn(state, Number(intended.signInId), { revoked: 'byClient' })
      return followAndFinish(changeSet(revoked, set, { fate: 'revoked' }), record, context)
    }
    case 'writeAgain': {
      const isOlder = record !== undefined && isOutdated(record, intended)
      const current = isOlder ? { ...run.current, revision: record.revision } : (record ?? run.current)
      const again = changeRun(state, context, { ...stepOf(run), at: 'storing', current })
      return writeFailed ? putUnstored(again, run, context) : again
    }
  }
}

/** The store answers nothing: the set is served from memory, and storing is tried again. */
function keepInMemory(state: State, { run, context }: ReadBack): State {
  return putUnstored(changeRun(state, context, { ...stepOf(run), at: 'storing' }), run, context)
}

function putUnstored(state: State, run: StoringRun, context: RunContext): State {
  const { vault } = state.holders[context.holder] ?? {}
  return vault === undefined ? state : putVault(state, context.holder, take(vault, issuedRecord(run, context)))
}

function stepOf({ at, intended, current, set, revision }: StoringRun): StoringStep {
  return { at, intended, current, set, revision, writeFailed: false }
}

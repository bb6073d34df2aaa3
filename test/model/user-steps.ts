import { nextGeneration } from '../../packages/core/src/policy/choose-record.ts'
import { signedInRecord, signedOutRecord } from '../../packages/core/src/policy/next-record.ts'
import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { changeLease, newRevision } from './run.ts'
import { loseAnswer, remove } from './server.ts'
import {
  changeHolder,
  changeSet,
  changeSignIn,
  createIssuedSet,
  createTokenSet,
  firstRecord,
  type Guard,
  type Holder,
  nameOf,
  type Run,
  replaceAt,
  type Scenario,
  type State,
  setOf,
  spend,
  timeOf,
  type UserWork,
} from './state.ts'
import { chance, progress, type Step } from './step.ts'
import { readStore, writeStore } from './store.ts'
import { emptyVault, follow, isSame, putVault, take } from './vault.ts'
import { writeBackOf } from './write-back-steps.ts'

interface Context {
  readonly index: number
  readonly holder: Holder
  readonly name: string
  readonly without: Guard | undefined
}

/** What people, other programs and accidents do to holders. */
export function holderSteps(state: State, scenario: Scenario): Step[] {
  return state.holders.flatMap((holder, index) => {
    const context = { index, holder, name: nameOf(index), without: scenario.without }
    return [
      ...promptSteps(state, context),
      ...callerSteps(state, context),
      ...followSteps(state, context),
      ...beginSteps(state, context),
      ...(holder.user === undefined ? [] : workSteps(state, holder.user, context)),
      ...crashSteps(state, context),
    ]
  })
}

/** Writes that had been given up land after all. */
export function lateWriteSteps(state: State, { without }: Scenario): Step[] {
  return state.lateWrites.flatMap((write, index) => {
    const lateWrites = state.lateWrites.filter((_, at) => at !== index)
    const [landed] = writeStore({ ...state, lateWrites }, write, without)
    return landed?.end === 'written' ? [chance(`A write lands late: somebody ${landed.say}`, landed.state)] : []
  })
}

const newRun = { olderRejected: 0, interested: true, lease: 'none', sent: 0, at: 'waitingForLease' } as const

/** Somebody wants newer tokens than these. A chart runs one refresh at a time, and none while signing out. */
function promptSteps(state: State, { index, holder, name }: Context): Step[] {
  const { vault, runs, prompts, user } = holder
  const isSignedIn = vault.set !== undefined && user?.doing !== 'signingOut'
  if (!isSignedIn || runs.some(({ interested }) => interested)) return []
  const { generation } = vault
  const begun = { ...newRun, generation }
  const steps: Step[] = []
  if (state.budget.rejections > 0) {
    const { last, before } = holder.rejected
    const rejected = generation > last ? { last: generation, before: last } : holder.rejected
    const run = { ...begun, cause: 'rejected', olderRejected: generation === last ? before : last } as const
    const prompted = changeHolder(spend(state, 'rejections'), index, { runs: [...runs, run], rejected })
    steps.push(chance(`The API rejects generation ${generation} of ${name}`, prompted))
  }
  if (prompts === 0) return steps
  // A holder that has not heard of an end wants what it always wants.
  const causes = state.record?.status === 'ended' ? (['explicit', 'due'] as const) : (['due'] as const)
  for (const cause of causes) {
    const prompted = changeHolder(state, index, { runs: [...runs, { ...begun, cause }], prompts: prompts - 1 })
    const how = cause === 'explicit' ? ', since the app asks for it' : ''
    steps.push(chance(`${name} wants something newer than generation ${generation}${how}`, prompted))
  }
  return steps
}

/** How often a caller tries before its patience is over. */
const patience = 2

/** A caller joins the refresh under way, or has one begun, and again after each that brought nothing. */
function callerSteps(state: State, { index, holder, name, without }: Context): Step[] {
  const { vault, runs, user, caller } = holder
  const isSignedIn = vault.set !== undefined && user?.doing !== 'signingOut'
  const { generation } = vault
  if (caller === undefined) {
    if (state.budget.callers === 0 || !isSignedIn) return []
    const come = changeHolder(spend(state, 'callers'), index, { caller: { generation, tries: patience } })
    return [chance(`A caller of ${name} needs something newer than generation ${generation}`, come)]
  }
  if (!isSignedIn || generation > caller.generation) {
    return [progress(`The caller of ${name} has its answer`, changeHolder(state, index, { caller: undefined }))]
  }
  if (runs.some(({ interested }) => interested)) return []
  if (caller.tries === 0) {
    return [progress(`The caller of ${name} has waited enough`, changeHolder(state, index, { caller: undefined }))]
  }
  if (caller.tries < patience && without === 'tryAgain') return []
  const begun = {
    runs: [...runs, { ...newRun, generation, cause: 'due' as const }],
    caller: { ...caller, tries: caller.tries - 1 },
  }
  return [progress(`${name} tries for its caller`, changeHolder(state, index, begun))]
}

/** A backup is restored: whatever was done since is undone in the store, and nowhere else. */
export function restoreSteps(state: State): Step[] {
  const { record, budget } = state
  if (budget.restores === 0 || record?.signInId !== '0' || record.generation <= firstRecord.generation) return []
  const sets = state.sets.map((set, index) => {
    const isUsed = set.spent || set.doubtful || set.answered !== 'nothing'
    const isUnderWay = state.requests.some((request) => request.set === index)
    return set.signIn === 0 && (isUsed || isUnderWay) ? { ...set, undone: true } : set
  })
  const restored = { ...spend(state, 'restores'), record: firstRecord, sets, restored: state.restored + 1 }
  return [chance('The store goes back in time', changeSignIn(restored, 0, { signedOut: false, restored: true }))]
}

/** A holder stands still for longer than its lease lasts: others may take that. */
export function expirySteps(state: State): Step[] {
  if (state.budget.expiries === 0) return []
  return state.holders.flatMap(({ runs }, holder) =>
    runs.flatMap((run, at) => {
      if (run.lease !== 'held') return []
      const lost = changeLease(spend(state, 'expiries'), { holder, run: at, without: undefined }, 'lost')
      return [chance(`The time of the lease of ${nameOf(holder)} is up`, contest(lost, run))]
    }),
  )
}

/** Whoever takes the lease cannot know what was sent and read under it. */
function contest(state: State, run: Run): State {
  if (!('intended' in run) || run.at === 'sending') return state
  return changeSet(state, setOf(run.intended) ?? -1, { contested: true })
}

/** The store has hinted at a change. While a refresh runs here, it tells by itself what becomes of its tokens. */
function followSteps(state: State, { index, holder, name, without }: Context): Step[] {
  const { record } = state
  if (record === undefined || holder.user !== undefined) return []
  const isOver = record.status === 'signedOut' || Number(record.signInId) !== holder.vault.signIn
  if (holder.runs.length > 0 && !isOver) return []
  const known = writeBackOf(state, { holder, index, without })
  if (known !== undefined) {
    return writeStore(known.state, { expected: record.revision, next: known.next }, without).map(
      ({ state: after, say }) => chance(`${name} sees an older record, and ${say}`, after),
    )
  }
  const vault = follow(holder.vault, record, without)
  if (isSame(vault, holder.vault)) return []
  const followed = isOver ? loseInterest(state, index) : state
  return [chance(`${name} follows the record to generation ${record.generation}`, putVault(followed, index, vault))]
}

function beginSteps(state: State, { index, holder, name }: Context): Step[] {
  if (holder.user !== undefined) return []
  const steps: Step[] = []
  if (state.budget.signIns > 0) {
    const signIn = state.signIns.length
    const set = state.sets.length
    const [numbered, revision] = newRevision(spend(state, 'signIns'))
    const issued: State = {
      ...numbered,
      signIns: [...state.signIns, { revoked: 'no', signedOut: false, restored: false }],
      sets: [...state.sets, { ...createIssuedSet(signIn), fate: 'held' }],
    }
    const user = { doing: 'signingIn', at: 'reading', set, revision } as const
    steps.push(chance(`Somebody signs in at ${name}: set ${set}`, changeHolder(issued, index, { user })))
  }
  if (state.budget.signOuts > 0 && holder.vault.set !== undefined) {
    const user = { doing: 'signingOut', at: 'reading' } as const
    const { vault } = holder
    const signedOut = vault.signedOut | (1 << vault.signIn)
    const closed = { ...vault, set: undefined, closed: vault.signIn, signedOut, known: undefined }
    const begun = changeHolder(loseInterest(spend(state, 'signOuts'), index), index, { user, vault: closed })
    steps.push(chance(`Somebody signs out at ${name}`, begun))
  }
  return steps
}

function workSteps(state: State, user: UserWork, context: Context): Step[] {
  const { name } = context
  if (user.at === 'reading') {
    return readStore(state).map(({ ok, record, state: read, say, kind }) => {
      const next = ok ? beginToWrite(user, record) : undefined
      const then = next === undefined ? giveUp(read, user, context) : changeHolder(read, context.index, { user: next })
      return { say: `${name} ${say} for its ${wordFor(user)}`, kind, state: then, facts: [] }
    })
  }
  if (user.doing === 'signingOut') return writeTombstone(state, user.before, context)
  if (user.at === 'writing') return writeSignIn(state, user, context)
  return readStore(state).map(({ ok, record, state: read, say, kind }) => {
    const hasLanded = ok && record?.revision === user.revision
    const then = hasLanded ? succeed(read, { user, record, context }) : giveUp(read, user, context)
    return { say: `${name} ${say} in place of its sign-in`, kind, state: then, facts: [] }
  })
}

function beginToWrite(user: UserWork, record: SessionRecord | undefined): UserWork | undefined {
  if (user.doing === 'signingIn') {
    return { doing: 'signingIn', at: 'writing', set: user.set, revision: user.revision, before: record }
  }
  const isSignedOut = record === undefined || record.status === 'signedOut'
  return isSignedOut ? undefined : { doing: 'signingOut', at: 'writing', before: record }
}

type SigningIn = Extract<UserWork, { at: 'writing' | 'readingBack'; doing: 'signingIn' }>

function writeSignIn(state: State, user: SigningIn, context: Context): Step[] {
  const { name, without } = context
  const { set, revision, before } = user
  const next = signedInRecord(before, {
    revision,
    signInId: String(state.sets[set]?.signIn),
    generation: generationAbove(state, before, context),
    identity: {},
    tokenSet: createTokenSet(set),
  })
  return writeStore(state, { expected: before?.revision, next }, without).map(({ end, state: after, say, kind }) => {
    const sentence = `${name} ${say}`
    if (end === 'written')
      return { say: sentence, kind, state: succeed(after, { user, record: next, context }), facts: [] }
    const then: UserWork =
      end === 'tooLate' ? { doing: 'signingIn', at: 'reading', set, revision } : { ...user, at: 'readingBack' }
    return { say: sentence, kind, state: changeHolder(after, context.index, { user: then }), facts: [] }
  })
}

function succeed(
  state: State,
  signedIn: { user: SigningIn; record: SessionRecord | undefined; context: Context },
): State {
  const { user, record, context } = signedIn
  const { index, holder } = context
  if (record === undefined) return state
  const vault = take(holder.vault, record)
  const done = changeHolder(loseInterest(state, index), index, { user: undefined, vault })
  return revoke(done, user.before)
}

function writeTombstone(state: State, before: SessionRecord, context: Context): Step[] {
  const { index, holder, name, without } = context
  const [numbered, revision] = newRevision(state)
  const tombstone = signedOutRecord(before, { revision, generation: generationAbove(state, before, context) })
  return writeStore(numbered, { expected: before.revision, next: tombstone }, without).map(
    ({ end, state: after, say, kind }) => {
      const user: UserWork | undefined = end === 'tooLate' ? { doing: 'signingOut', at: 'reading' } : undefined
      const told = changeHolder(after, index, { user })
      const vault = {
        ...follow(holder.vault, tombstone, without),
        known: holder.vault.remembers ? tombstone : undefined,
      }
      const then = end === 'written' ? putVault(revoke(told, before), index, vault) : told
      return { say: `${name} ${say}`, kind, state: then, facts: [] }
    },
  )
}

function generationAbove(state: State, before: SessionRecord | undefined, { holder, without }: Context): number {
  if (without === 'reservedGeneration') return (before?.generation ?? 0) + 1
  return nextGeneration(before, { now: timeOf(state), floor: holder.vault.generation })
}

/** A sign-in or sign-out that failed: its caller was told. */
function giveUp(state: State, user: UserWork, { index }: Context): State {
  const told = changeHolder(state, index, { user: undefined })
  const isHeld = user.doing === 'signingIn' && state.sets[user.set]?.fate === 'held'
  return isHeld ? changeSet(told, user.set, { fate: 'lost' }) : told
}

/** Each sign-in of the model is another subject's: what it replaces can be revoked without harm to it. */
function revoke(state: State, before: SessionRecord | undefined): State {
  if (before?.secrets?.tokenSet.refreshToken === undefined) return state
  return changeSignIn(state, Number(before.signInId), { revoked: 'byClient' })
}

function loseInterest(state: State, index: number): State {
  const runs = state.holders[index]?.runs ?? []
  return changeHolder(state, index, { runs: runs.map((run) => ({ ...run, interested: false })) })
}

function wordFor({ doing }: UserWork): string {
  return doing === 'signingIn' ? 'sign-in' : 'sign-out'
}

/** A holder dies at any step, and is there again with nothing in memory. What it had sent is on its way or lost. */
function crashSteps(state: State, context: Context): Step[] {
  const { index, holder, name } = context
  if (state.budget.crashes === 0) return []
  let crashed = spend(state, 'crashes')
  for (const run of holder.runs) {
    if (!('intended' in run)) continue
    const set = setOf(run.intended) ?? -1
    const isUnstored = run.at === 'storing' || run.at === 'readingBack'
    if (run.at === 'awaitingAnswer' || isUnstored) crashed = changeSet(crashed, set, { doubtful: true })
    // What was read dies with its reader; a refusal may have been on its way into the store.
    crashed = changeSet(crashed, set, { answered: 'nothing' })
    if (isUnstored && state.sets[run.set]?.fate === 'held') {
      crashed = changeSet(crashed, run.set, { fate: 'lost' })
    }
  }
  if (holder.user?.doing === 'signingIn') crashed = giveUp(crashed, holder.user, context)
  crashed = changeHolder(crashed, index, {
    runs: [],
    user: undefined,
    caller: undefined,
    vault: { ...emptyVault, remembers: holder.vault.remembers },
  })
  const open = crashed.requests.findIndex((request) => request.holder === index)
  const request = crashed.requests[open]
  if (request === undefined) return [chance(`${name} crashes`, crashed)]
  const gone = loseAnswer(remove(crashed, open), request.answer)
  if (request.answer !== undefined) return [chance(`${name} crashes before it reads its answer`, gone)]
  const onItsWay = { ...crashed, requests: replaceAt(crashed.requests, open, { holder: undefined }) }
  return [
    chance(`${name} crashes, and its request with it`, gone),
    chance(`${name} crashes; its request is still on its way`, onItsWay),
  ]
}

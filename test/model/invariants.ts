import type { Budget, Scenario, State } from './state.ts'
import { setOf } from './state.ts'
import type { Fact, Step } from './step.ts'

/** What must hold in every state and at every step. Answers with what is wrong, in a sentence. */
export function findViolation(before: State, step: Step, scenario: Scenario): string | undefined {
  for (const check of stepChecks) {
    const wrong = check(before, step, scenario)
    if (wrong !== undefined) return wrong
  }
  for (const check of stateChecks) {
    const wrong = check(step.state, scenario)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const stepChecks: readonly ((before: State, step: Step, scenario: Scenario) => string | undefined)[] = [
  function generationsRise({ record: before, holders, budget, restored }, { state }) {
    const after = state.record
    if (restored === state.restored && before !== undefined && after !== undefined && after !== before) {
      const { generation, highestReservedGeneration } = before
      if (after.generation < generation) return 'the generation of the record goes back'
      if (after.highestReservedGeneration < highestReservedGeneration) return 'a reserved generation is forgotten'
    }
    const fell = state.holders.some(({ vault }, index) => vault.generation < (holders[index]?.vault.generation ?? 0))
    const crashed = state.budget.crashes < budget.crashes
    return fell && !crashed ? 'the generation of a vault goes back' : undefined
  },

  function onlyTheRefusedTokenIsEnded({ record: before, sets, signIns, restored }, { state: { record: after } }) {
    if (after === before || after?.status !== 'ended' || before === undefined || before.status === 'ended')
      return undefined
    const set = setOf(after)
    if (before.signInId !== after.signInId) return 'a stale refusal ends a newer sign-in'
    // An end goes over a record that went back in time.
    const isOfNewer = restored > 0 && after.generation > before.generation
    if (set !== setOf(before) && !isOfNewer) return 'a stale refusal ends a newer token set'
    const isKept = after.secrets?.tokenSet.refreshToken !== undefined
    if (isKept && set !== undefined && sets[set]?.answered === 'refusal') return 'a dead refresh token is kept'
    if (isKept) return undefined
    const isDoubtful = isSignInDoubtful(sets, Number(after.signInId))
    if (!isDoubtful && !signIns[Number(after.signInId)]?.restored)
      return 'a session ends though none of its answers was lost'
    const { doubtful = false, undone = false, contested = false } = sets[set ?? -1] ?? {}
    const isNamed = !doubtful || undone || contested || after.end?.reason === 'rotationLost'
    return isNamed ? undefined : `an end after a lost answer is called ${after.end?.reason}`
  },

  function tokensAreSentWithReason({ sets }, { facts }) {
    for (const fact of facts) {
      const wrong = judgeFact(fact, sets)
      if (wrong !== undefined) return wrong
    }
    return undefined
  },

  function nothingFailsWithoutTrouble(_, { state, facts }, scenario) {
    const isUntroubled = Object.entries(scenario.budget).every(
      ([name, times]) => name === 'callers' || state.budget[name as keyof Budget] === times,
    )
    return isUntroubled && facts.some((fact) => fact.type === 'finished' && fact.failed)
      ? 'a refresh fails though nothing went wrong'
      : undefined
  },
]

function judgeFact(fact: Fact, sets: State['sets']): string | undefined {
  if (fact.type === 'finished') return undefined
  if (fact.type === 'impatient') return 'a refresh token is sent while the record backs off'
  if (fact.type === 'wrote') return fact.leased ? undefined : `the ${fact.what} is written without the lease`
  const set = sets[fact.set]
  if (set === undefined) return 'a refresh token is sent that nobody issued'
  if (fact.type === 'reused') {
    return set.doubtful || set.undone || set.contested
      ? undefined
      : 'a spent refresh token is used again though nothing was lost'
  }
  if (set.undone && fact.known > fact.generation) return 'a refresh token is sent though its holder knows newer tokens'
  if (fact.afterWriteBack && fact.isKnownBetter) return 'a refresh token is sent before a write-back has settled'
  if (fact.afterWriteBack && !fact.unknown) return 'the request after a write-back counts as one for the first time'
  if (set.answered !== 'nothing' && !set.undone && !set.contested)
    return `a refresh token is sent again though its answer was read: ${set.answered}`
  const isUnclear = set.doubtful || fact.isOpen || (set.contested && set.answered !== 'nothing')
  if (isUnclear && !set.undone && !fact.unknown)
    return 'a refresh token is sent as if for the first time, though an answer was lost'
  if (fact.ofRun > 2) return 'one refresh sends its token a third time'
  if (fact.afterEnd && !fact.explicit) return 'a refresh token is sent after an end though the app did not ask'
  if (fact.generation !== fact.prompted && !fact.afterEnd)
    return 'a token set is refreshed that is newer than the one that was not good enough'
  return fact.leased ? undefined : 'a refresh token is sent without the lease'
}

const stateChecks: readonly ((state: State, scenario: Scenario) => string | undefined)[] = [
  function oneRequestIsOpen({ requests, holders }) {
    // Who stands still for longer than its lease lasts cannot take its request back.
    const isExcused = (holder: number) =>
      holders[holder]?.runs.some(({ at, lease }) => at === 'awaitingAnswer' && lease === 'lost')
    const open = requests.filter(({ holder }) => holder !== undefined && !isExcused(holder))
    return open.length > 1 ? 'two token requests are open' : undefined
  },

  function rejectionsBringTokensOnce({ sets }) {
    const stored = sets.filter(({ forRejection, fate }) => forRejection && fate === 'stored')
    const isRepeated = new Set(stored.map(({ signIn }) => signIn)).size < stored.length
    return isRepeated ? 'a second token set is fetched for an API that rejects each' : undefined
  },

  function issuedSetsAreKept(state) {
    const inHand = new Set(state.holders.flatMap(({ runs }) => runs.flatMap((run) => ('set' in run ? [run.set] : []))))
    const inUse = new Set(state.holders.flatMap(({ user }) => (user !== undefined && 'set' in user ? [user.set] : [])))
    for (const [index, { fate, signIn }] of state.sets.entries()) {
      if (fate === 'held' && !inHand.has(index) && !inUse.has(index)) return `set ${index} was issued and is nowhere`
      const { record } = state
      const isCurrent = record?.status === 'signedIn' && Number(record.signInId) === signIn
      if (fate === 'superseded' && Number(record?.signInId) !== signIn && !isRevoked(state, signIn)) {
        return `set ${index} belongs to nobody and was not revoked`
      }
      const { revoked, restored } = state.signIns[signIn] ?? {}
      if (isCurrent && revoked === 'byClient' && restored !== true) return 'the session that is signed in was revoked'
    }
    return undefined
  },

  function generationsNameOneSet({ sets }) {
    const named = sets.flatMap(({ generation }) => (generation === undefined ? [] : [generation]))
    return new Set(named).size < named.length ? 'two token sets have the same generation' : undefined
  },

  function nothingRevivesASignedOutSession({ record, signIns, holders }) {
    if (record !== undefined && record.status !== 'signedOut' && signIns[Number(record.signInId)]?.signedOut === true) {
      return 'the store holds a session again that was signed out'
    }
    const revived = holders.some(
      ({ vault }) => vault.set !== undefined && ((vault.signedOut >> vault.signIn) & 1) === 1,
    )
    return revived ? 'a holder has tokens again of a session that it knew to be signed out' : undefined
  },
]

/** At rest, a session that is signed in can be refreshed, unless an answer was lost. */
export function findUnrest(state: State): string | undefined {
  const { record, sets, signIns, holders, requests } = state
  if (holders.some(({ runs, user }) => runs.length > 0 || user !== undefined)) return 'somebody waits for ever'
  if (holders.some(({ caller }) => caller !== undefined)) return 'a caller waits for ever'
  if (requests.length > 0) return 'a request is never answered'
  if (record?.status !== 'signedIn') return undefined
  const set = sets[setOf(record) ?? -1]
  if (set === undefined || isSignInDoubtful(sets, set.signIn) || signIns[set.signIn]?.restored) return undefined
  if (set.spent || signIns[set.signIn]?.revoked !== 'no')
    return 'the record holds a dead refresh token though nothing was lost'
  return undefined
}

/** A late request with an old refresh token ends the whole family at a strict server. */
function isSignInDoubtful(sets: State['sets'], signIn: number): boolean {
  return sets.some((set) => set.signIn === signIn && (set.doubtful || set.undone || set.contested))
}

function isRevoked({ signIns }: State, signIn: number): boolean {
  return signIns[signIn]?.revoked !== 'no'
}

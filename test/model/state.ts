import { recordFormatVersion, type SessionRecord } from '../../packages/core/src/store/session-record.ts'

/**
 * What a model of the refresh procedure consists of: one session in one store, its authorization server, and holders
 * that have it open. Every value is immutable; a step makes the next state.
 *
 * Token sets are numbers in the order in which they were issued, and so are sign-ins. Records are real ones, made by
 * core's own builders: a token set's number stands in them as its access token.
 */
export interface State {
  readonly record: SessionRecord | undefined
  readonly holders: readonly Holder[]
  readonly requests: readonly TokenRequest[]
  /** Writes that were given up as failed and are still on their way to the disk. */
  readonly lateWrites: readonly Write[]
  readonly sets: readonly IssuedSet[]
  readonly signIns: readonly SignIn[]
  readonly budget: Budget
  readonly nextRevision: number
  /** How often the store has gone back in time. */
  readonly restored: number
}

/** How often each thing may still happen that nobody needs to happen. */
export interface Budget {
  readonly crashes: number
  /** Connections that end without an answer, and answers of a server in trouble. */
  readonly losses: number
  readonly storeFaults: number
  readonly signIns: number
  readonly signOuts: number
  /** Answers that end the session and leave the refresh token alive, which the operator or the user can mend. */
  readonly mendableRefusals: number
  /** Tokens that an API rejects; it rejects every one. */
  readonly rejections: number
  /** A restored backup: the first record again. */
  readonly restores: number
  /** Leases whose time is up while their holder stands still. */
  readonly expiries: number
  /** Callers who wait until there is something newer. */
  readonly callers: number
}

export interface Write {
  readonly expected: string | undefined
  readonly next: SessionRecord
}

/** A process, tab or worker. One that crashes is there again at once, and knows nothing. */
export interface Holder {
  readonly vault: Vault
  /** Refreshes under way; more than one where a sign-in or sign-out here has left an earlier one behind. */
  readonly runs: readonly Run[]
  readonly user: UserWork | undefined
  /** How many more refreshes somebody will want here. */
  readonly prompts: number
  /** The generations that the API was seen to reject here: the last one, and the one before. */
  readonly rejected: { readonly last: number; readonly before: number }
  readonly caller: Caller | undefined
}

/** One who waits, or several: one refresh serves all. */
export interface Caller {
  /** The generation that is not good enough. */
  readonly generation: number
  /** How many more tries fall within its patience. */
  readonly tries: number
}

/** What a holder has in memory. */
export interface Vault {
  /** The highest generation it has had or heard of. */
  readonly generation: number
  readonly set: number | undefined
  readonly signIn: number
  /** The sign-in that was signed out of here last: nothing of it is taken again. */
  readonly closed: number
  /** Which sign-ins it knows to be over, one bit each: what an observer holds it to. */
  readonly signedOut: number
  /** The record behind all this, where the store may go back in time: kept only then, to keep states few. */
  readonly known: SessionRecord | undefined
  readonly remembers: boolean
}

/** One refresh of a holder, by the step it is at. */
export type Run = RunFacts & RunStep

interface RunFacts {
  readonly generation: number
  readonly cause: 'due' | 'explicit' | 'rejected'
  /** The API had rejected an older generation here. */
  readonly olderRejected: number
  readonly lease: 'none' | 'held' | 'lost'
  /** Whether the chart still wants it: that matters only until the intent is written. */
  readonly interested: boolean
  /** Token requests sent by this run. */
  readonly sent: number
}

export type RunStep =
  | { readonly at: 'waitingForLease' }
  | { readonly at: 'rereading' }
  | {
      readonly at: 'writingIntent'
      readonly current: SessionRecord
      readonly unknown: boolean
      readonly rejections: SessionRecord['rejections']
    }
  /** Nothing is sent: what the record is to say instead is on its way. */
  | {
      readonly at: 'writingPause' | 'writingBack' | 'withdrawing'
      readonly expected: string
      readonly next: SessionRecord
    }
  | RequestStep
  | { readonly at: 'movedOn' }
  | StoringStep
  | OutcomeStep

export interface RequestStep {
  readonly at: 'sending' | 'awaitingAnswer' | 'beforeReplay'
  readonly intended: SessionRecord
  /** An earlier request with this refresh token has no known outcome. */
  readonly unknown: boolean
  /** The intent that was there before, to be put back where nothing is sent. */
  readonly before: SessionRecord['refreshIntent']
}

export interface StoringStep {
  readonly at: 'storing' | 'readingBack'
  readonly intended: SessionRecord
  readonly current: SessionRecord
  readonly set: number
  readonly revision: string
  /** The last write failed, rather than came too late. */
  readonly writeFailed: boolean
}

/** An end, a backoff or a server's cooldown on its way into the store. */
export interface OutcomeStep {
  readonly at: 'writingOutcome' | 'readingOutcomeBack'
  readonly intended: SessionRecord
  readonly current: SessionRecord
  readonly outcome: 'grantRejected' | 'interactionRequired' | 'clientRejected' | 'rotationLost' | 'failed' | 'heldBack'
  /** The same for every try, so that a write that landed unnoticed is known again. */
  readonly revision: string
  readonly keepIntent: boolean
  /** The store has let us down: nobody tries for ever. */
  readonly isTroubled: boolean
}

/** A sign-in or sign-out under way. */
export type UserWork =
  | { readonly doing: 'signingIn'; readonly at: 'reading'; readonly set: number; readonly revision: string }
  | {
      readonly doing: 'signingIn'
      readonly at: 'writing' | 'readingBack'
      readonly set: number
      readonly revision: string
      readonly before: SessionRecord | undefined
    }
  | { readonly doing: 'signingOut'; readonly at: 'reading' }
  | { readonly doing: 'signingOut'; readonly at: 'writing'; readonly before: SessionRecord }

/** A token request under way, or its answer. */
export interface TokenRequest {
  /** Who waits for the answer; `undefined` once nobody does. */
  readonly holder: number | undefined
  /** The set whose refresh token it carries. */
  readonly set: number
  readonly answer: Answer | undefined
}

export type Answer =
  | { readonly kind: 'tokens'; readonly set: number }
  | { readonly kind: 'refused' | 'interactionRequired' | 'clientRefused' | 'throttled' | 'trouble' }

/** A token set that the server has issued, with what only an observer of everything knows of it. */
export interface IssuedSet {
  readonly signIn: number
  /** Its refresh token has been exchanged for others. */
  readonly spent: boolean
  /** The set that was issued for it last. */
  readonly successor: number | undefined
  /** Under which generation it was taken. */
  readonly generation: number | undefined
  /** A request with its refresh token, or what came of one, was lost: by the network, the server or a crash. */
  readonly doubtful: boolean
  /** What a holder has read in answer to its refresh token. */
  readonly answered: 'nothing' | 'tokens' | 'refusal'
  /** Where this set itself is. */
  readonly fate: 'travelling' | 'held' | 'stored' | 'lost' | 'revoked' | 'superseded'
  /** It was asked for because an API rejected the one before. */
  readonly forRejection: boolean
  /** The store has gone back to before its refresh token was used. */
  readonly undone: boolean
  /** Its request went on after the lease was taken: whoever took it cannot know what came of that. */
  readonly contested: boolean
}

export interface SignIn {
  /** The store has gone back to it. */
  readonly restored: boolean
  readonly revoked: 'no' | 'byServer' | 'byClient'
  readonly signedOut: boolean
}

/** A procedure without one of its guards, to see that the invariants notice. */
export type Guard =
  | 'lease'
  | 'reread'
  | 'intent'
  | 'reservedGeneration'
  | 'revision'
  | 'signInId'
  | 'tombstoneFloor'
  | 'explicitAfterEnd'
  | 'fruitless'
  | 'runInRecord'
  | 'pauseUnderLease'
  | 'writeBack'
  | 'settle'
  | 'unknownAfterWriteBack'
  | 'look'
  | 'fence'
  | 'tryAgain'
  | 'backoff'

export type ServerKind = 'strict' | 'graceSamePair' | 'graceNewPair' | 'noRotation'

export interface Scenario {
  readonly holders: number
  readonly prompts: number
  readonly server: ServerKind
  readonly budget: Partial<Budget>
  readonly without?: Guard
}

/** The record of the first sign-in. */
export const firstRecord: SessionRecord = {
  formatVersion: recordFormatVersion,
  generation: 1,
  highestReservedGeneration: 1,
  revision: '0',
  signInId: '0',
  status: 'signedIn',
  identity: {},
  rejectionStreak: 0,
  secrets: { tokenSet: createTokenSet(0) },
}

/** One holder has signed in, and all of them have read the record. */
export function createInitialState(scenario: Scenario): State {
  const remembers = (scenario.budget.restores ?? 0) > 0
  const known = remembers ? firstRecord : undefined
  const vault: Vault = { generation: 1, set: 0, signIn: 0, closed: -1, signedOut: 0, known, remembers }
  const rejected = { last: 0, before: 0 }
  const holder: Holder = { vault, runs: [], user: undefined, prompts: scenario.prompts, rejected, caller: undefined }
  return {
    record: firstRecord,
    holders: Array.from({ length: scenario.holders }, () => holder),
    requests: [],
    lateWrites: [],
    sets: [{ ...createIssuedSet(0), generation: 1, fate: 'stored' }],
    signIns: [{ revoked: 'no', signedOut: false, restored: false }],
    budget: { ...noBudget, ...scenario.budget },
    nextRevision: 1,
    restored: 0,
  }
}

const noBudget: Budget = {
  crashes: 0,
  losses: 0,
  storeFaults: 0,
  signIns: 0,
  signOuts: 0,
  mendableRefusals: 0,
  rejections: 0,
  restores: 0,
  expiries: 0,
  callers: 0,
}

export function createIssuedSet(signIn: number): IssuedSet {
  return {
    signIn,
    spent: false,
    successor: undefined,
    generation: undefined,
    doubtful: false,
    answered: 'nothing',
    fate: 'travelling',
    forRejection: false,
    undone: false,
    contested: false,
  }
}

export function createTokenSet(set: number) {
  return { accessToken: String(set), tokenType: 'Bearer', receivedAt: 0, refreshToken: String(set) }
}

/** The token set that a record holds. */
export function setOf(record: SessionRecord): number | undefined {
  const tokenSet = record.secrets?.tokenSet
  return tokenSet === undefined ? undefined : Number(tokenSet.accessToken)
}

export function changeHolder(state: State, index: number, change: Partial<Holder>): State {
  return { ...state, holders: replaceAt(state.holders, index, change) }
}

export function changeSet(state: State, index: number, change: Partial<IssuedSet>): State {
  return { ...state, sets: replaceAt(state.sets, index, change) }
}

export function changeSignIn(state: State, index: number, change: Partial<SignIn>): State {
  return { ...state, signIns: replaceAt(state.signIns, index, change) }
}

export function spend(state: State, name: keyof Budget): State {
  return { ...state, budget: { ...state.budget, [name]: state.budget[name] - 1 } }
}

export function replaceAt<Item extends object>(items: readonly Item[], index: number, change: Partial<Item>): Item[] {
  return items.map((item, at) => (at === index ? { ...item, ...change } : item))
}

/** The time that a new number is at least: far more passes before a backup is restored than there are numbers. */
export function timeOf({ restored }: State): number {
  return restored * 100
}

/** Until when nothing is sent after a write-back: between now and later, and unlike any server's cooldown. */
export const settling = 1.5

/** What a holder is called in a trace. */
export function nameOf(holder: number): string {
  return `Holder ${'ABC'[holder] ?? holder}`
}

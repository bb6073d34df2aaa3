import { assign, createMachine, fromCallback, type setup } from 'xstate'
import { safeDelay } from '../clock/clock.ts'
import { isRetryDue } from '../policy/backoff.ts'
import type { RefreshPrompt } from '../policy/choose-record.ts'
import { nextPauseEnd } from '../policy/rejections.ts'
import {
  blankSession,
  isMendable,
  isRejected,
  judgeHeldToken,
  noToken,
  type SessionContext,
  type SessionInput,
} from './session-context.ts'
import type { EndFacts, FailureFacts, RequestEnded, SessionEvent, TokenFacts } from './session-events.ts'

/** What the chart lets the world do. Nothing here throws; what goes wrong comes back as an event. */
export interface SessionEffects {
  /** Reads the record at the start. */
  readRecord(answer: Answer): void
  /** Runs the refresh procedure. Returns how to lose interest in it: that ends the wait for the lease, nothing else. */
  refresh(prompt: RefreshPrompt, answer: Answer): () => void
  /** Writes the tombstone, then revokes. */
  signOut(answer: Answer): void
  /** Reads the record again and sends what it says; several hints at once cost one or two reads. */
  followRecord(): void
}

/** How an effect answers: with one event, or with several as it goes. */
export type Answer = (event: SessionEvent) => void

/**
 * One machine serves every session. Its effects are found by the actor system that runs it. A machine that runs without
 * effects, as in a simulation, waits for the events that it is sent.
 */
const effectsOf = new WeakMap<object, SessionEffects>()

export function provideEffects(system: object, effects: SessionEffects): void {
  effectsOf.set(system, effects)
}

/** Timers stop while a device sleeps and are throttled in hidden pages: the clock is asked again this often. */
const longestJudgementMilliseconds = 4 * 60 * 1000

interface Moment {
  readonly context: SessionContext
  readonly event: SessionEvent
}

type Facts = Partial<{
  token: TokenFacts
  generation: number
  end: EndFacts
  now: number
  evenIfFresh: boolean
  signInId: string
}>

/** What an event brings; the chart names actions and guards only where their event has what they take. */
function factsOf(event: SessionEvent): Facts {
  return event as Facts
}

function tokenOf({ event }: Moment): TokenFacts {
  return factsOf(event).token ?? noToken
}

function generationOf({ event }: Moment): number {
  const { token, generation = 0 } = factsOf(event)
  return token?.generation ?? generation
}

function timeOf({ context, event }: Moment): number {
  return factsOf(event).now ?? context.judgedAt
}

const actors = {
  readRecord: /* @__PURE__ */ fromCallback<SessionEvent>(({ system, sendBack }) =>
    effectsOf.get(system)?.readRecord(sendBack),
  ),
  refreshUnderLease: /* @__PURE__ */ fromCallback<SessionEvent, RefreshPrompt>(({ system, input, sendBack }) =>
    effectsOf.get(system)?.refresh(input, sendBack),
  ),
  signOut: /* @__PURE__ */ fromCallback<SessionEvent>(({ system, sendBack }) =>
    effectsOf.get(system)?.signOut(sendBack),
  ),
}

const delays = {
  untilRefreshIsDue: ({ context }: Moment) => nextJudgement(context.token.refreshDueAt, context),
  untilExpiry: ({ context }: Moment) => nextJudgement(undefined, context),
  /** Nothing else looks at the clock while a session that is not used has an expired token. */
  untilSignInExpires: ({ context: { token, judgedAt } }: Moment) => {
    const { signInExpiringAt: at = 0 } = token
    return judgedAt < at
      ? Math.min(delayUntil(at, judgedAt), longestJudgementMilliseconds)
      : delayUntil(Infinity, judgedAt)
  },
  untilRetry: ({ context: { failure } }: Moment) => delayUntil(failure?.retryAt ?? 0, failure?.now ?? 0),
}

const guards = {
  isRejected: ({ context }: Moment) => isRejected(context),
  isExpired: ({ context }: Moment) => judgeHeldToken(context.token, context.judgedAt) === 'expired',
  isDue: ({ context }: Moment) => judgeHeldToken(context.token, context.judgedAt) === 'expiring',
  isNewer: (moment: Moment) => generationOf(moment) > moment.context.token.generation,
  isNewSignIn: (moment: Moment) => generationOf(moment) > moment.context.token.generation && !isSameSignIn(moment),
  isSameSignIn,
  isCurrent: (moment: Moment) => generationOf(moment) === moment.context.token.generation,
  isNotOlder: (moment: Moment) => generationOf(moment) >= moment.context.token.generation,
  isLater: (moment: Moment) => isUnderLease(moment) || generationOf(moment) > moment.context.token.generation,
  isOlder: (moment: Moment) => generationOf(moment) < moment.context.token.generation,
  rejectsToken: (moment: Moment) => isRejection(moment.event as RequestEnded) && guards.isCurrent(moment),
  isUnusableOnArrival: (moment: Moment) => tokenOf(moment).retryAt !== undefined,
  /** The page can be seen, and wants a fresh token before it asks for one. */
  refreshesEagerly: ({ context }: Moment) => refreshesEagerly(context),
  isToBeRefreshed: ({ context }: Moment) => isToBeRefreshed(context),
  /** A caller asked, and by the clock it cannot be served with what there is. */
  needsRefresh,
  retryIsDue: (moment: Moment) => isRetryDue(retryOf(moment.context), timeOf(moment)),
  needsRefreshAndRetryIsDue: (moment: Moment) => guards.retryIsDue(moment) && needsRefresh(moment),
  serverAllows,
  resumesEagerly: (moment: Moment) => refreshesEagerly(moment.context) && serverAllows(moment),
  /** The record was there when last heard of. A grant that signs in by itself writes another. */
  hasLostRecord: ({ context }: Moment) => !context.settings.signsIn && context.end?.reason !== 'recordRemoved',
  isOffline: ({ event }: Moment) => (event as FailureFacts & { type: string }).code === 'offline',
  hasEnded: ({ context }: Moment) => context.end !== undefined,
  isMendable: ({ context }: Moment) => isMendable(context),
  signsIn: ({ context }: Moment) => context.settings.signsIn,
  maySignIn: ({ context }: Moment) => context.settings.signsIn && !context.tombstone,
  signsInEagerly: ({ context }: Moment) => context.settings.signsIn && !context.tombstone && refreshesEagerly(context),
  /** The record is gone, and can be had again without a user. Not while it is being written for the first time. */
  signsInAgain: ({ context }: Moment) => context.settings.signsIn && (context.token.held || context.end !== undefined),
}

const actions = {
  readClock: set(({ self }) => ({ judgedAt: clockOf(self).now?.() ?? Date.now() })),
  noteOnline: set(() => ({ online: true })),
  noteOffline: set(() => ({ online: false })),
  noteShown: set(() => ({ visible: true })),
  noteHidden: set(() => ({ visible: false })),
  restoreToken: set((moment) => takeToken(moment, 'restored')),
  takeToken: set((moment) => takeToken(moment, sources[moment.event.type] ?? 'adopted')),
  /** There is none yet, but the grant can sign in by itself. */
  awaitFirstToken: set(({ context: { token } }) => ({
    token: { ...noToken, generation: token.generation, signInId: token.signInId, refreshable: true },
    tombstone: false,
  })),
  noteSignIn: set(({ event }) => ({ source: 'signIn', advice: (event as { advice?: string }).advice })),
  noteRejection: set(({ context, event }) => {
    const { generation, origin, rejection } = event as RequestEnded
    const before = context.rejected?.generation === generation ? context.rejected : undefined
    const others = before?.origins.filter((other) => other !== origin) ?? []
    const isFirst = before === undefined || rejection?.acceptedBefore === true
    return { rejected: { generation, origins: [...others, origin], rejection: isFirst ? rejection : before.rejection } }
  }),
  noteRejections: set((moment) => ({ rejections: tokenOf(moment).rejections })),
  notePause: set(({ event }) => ({
    rejections: (event as { rejections?: TokenFacts['rejections'] }).rejections,
    rejected: undefined,
  })),
  noteOutcome: set(({ event }) => {
    const { type, rejection, ...lastOutcome } = event as RequestEnded
    return { lastOutcome }
  }),
  noteFailure: set(({ context, event }) => {
    const { type, ...failure } = event as FailureFacts & { type: string }
    return withFailure(context, failure)
  }),
  noteUnusableToken: set((moment) => {
    const now = timeOf(moment)
    return withFailure(moment.context, { code: 'tokenUnusable', now, retryAt: tokenOf(moment).retryAt ?? now })
  }),
  noteEnd: set(({ event }) => ({ end: factsOf(event).end, failure: undefined, unstored: false })),
  noteRemoval: set((moment) => ({ end: { reason: 'recordRemoved', endedAt: timeOf(moment) } })),
  noteUnstored: set(() => ({ unstored: true })),
  /** How often it has failed still counts: the next pause is longer. */
  forgetFailure: set(() => ({ failure: undefined })),
  clearUnstored: set(() => ({ unstored: false })),
  clearFailure: set(() => ({ failure: undefined, failures: 0, failingSince: 0, resumed: false })),
  leaveBackoff: set((moment) => {
    const { failure } = moment.context
    if (failure === undefined || failure.serverAsked === true) return {}
    return { failure: { ...failure, retryAt: timeOf(moment) }, resumed: true }
  }),
  clearSession: set(({ context: { token } }) => ({
    ...blankSession,
    // The generation is kept: what is older than the session that ended must not come back.
    token: { ...noToken, generation: token.generation, signInId: token.signInId },
  })),
  /** The record is gone, so nothing can be older than it. */
  forgetGeneration: set(() => ({ token: noToken })),
  noteTombstone: set((moment) => ({
    token: {
      ...moment.context.token,
      generation: Math.max(generationOf(moment), moment.context.token.generation),
    },
    tombstone: true,
  })),
  clearEnd: set(() => ({ end: undefined })),
  followRecord: ({ system }: { system: object }) => effectsOf.get(system)?.followRecord(),
}

type NamesOf<Table> = { [Name in keyof Table]: undefined }

/** What `setup` of XState would give for these: its types, without the code of what is not used here. */
type ChartSetup = ReturnType<
  typeof setup<
    SessionContext,
    SessionEvent,
    typeof actors,
    Record<never, string>,
    NamesOf<typeof actions>,
    NamesOf<typeof guards>,
    keyof typeof delays,
    'usable',
    SessionInput
  >
>

/** Makes the machine of a chart that names these actors, actions, guards and delays. */
export const createChart = ((config: never) =>
  createMachine(config, { actors, actions, guards, delays } as never)) as unknown as ChartSetup['createMachine']

/**
 * An assignment; XState's own type would repeat every type parameter of the chart in each.
 * @__NO_SIDE_EFFECTS__
 */
function set(change: (moment: Moment & { self: object }) => Partial<SessionContext>) {
  return assign(change as never)
}

function clockOf(self: object): { now?: () => number } {
  return (self as { clock: { now?: () => number } }).clock
}

const sources: Partial<Record<SessionEvent['type'], SessionContext['source']>> = {
  'signIn.stored': 'signIn',
  'tokens.stored': 'refresh',
  'tokens.unstored': 'refresh',
}

function takeToken(moment: Moment, source: SessionContext['source']): Partial<SessionContext> {
  const token = tokenOf(moment)
  if (token.generation < moment.context.token.generation) return {}
  // An end says what is left of the tokens; it does not bring any.
  if (factsOf(moment.event).end !== undefined && source !== 'restored') return { token }
  return { token, source, advice: undefined, rejections: token.rejections, tombstone: false }
}

function withFailure(context: SessionContext, failure: FailureFacts): Partial<SessionContext> {
  const failures = context.failures + 1
  return { failure, failures, failingSince: failures === 1 ? failure.now : context.failingSince, resumed: false }
}

function isRejection({ outcome }: RequestEnded): boolean {
  return outcome === 'rejected' || outcome === 'rejectedAfterRefresh'
}

function isUnderLease({ event }: Moment): boolean {
  return (event as { underLease?: boolean }).underLease === true
}

function isSameSignIn(moment: Moment): boolean {
  return tokenOf(moment).signInId === moment.context.token.signInId
}

function retryOf({ failure }: SessionContext) {
  return failure && { retryAt: failure.retryAt, serverAsked: failure.serverAsked === true }
}

function needsRefresh(moment: Moment): boolean {
  const { context, event } = moment
  const { token } = context
  const judgement = judgeHeldToken(token, timeOf(moment))
  if (isRejected(context) || judgement === 'expired') return true
  return token.refreshable && (factsOf(event).evenIfFresh === true || judgement !== 'fresh')
}

function isToBeRefreshed(context: SessionContext): boolean {
  if (!refreshesEagerly(context)) return false
  const judgement = judgeHeldToken(context.token, context.judgedAt)
  return isRejected(context) || judgement === 'expired' || (judgement === 'expiring' && context.token.refreshable)
}

/** In a page that cannot be seen, only what is asked for is done. */
function refreshesEagerly({ settings: { refreshTiming }, visible }: SessionContext): boolean {
  return refreshTiming === 'always' || (refreshTiming === 'eager' && visible)
}

/** Our own backoff may be left early; what a server asked for may not. */
function serverAllows(moment: Moment): boolean {
  const retry = retryOf(moment.context)
  return retry?.serverAsked !== true || isRetryDue(retry, timeOf(moment))
}

/** Never at once: what is due already is looked at a moment later. */
function delayUntil(at: number, now: number): number {
  return Math.max(safeDelay(at - now), 1)
}

/** Until the token expires, an origin's pause ends, or that time comes. */
function nextJudgement(dueAt = Infinity, { token, rejections, judgedAt }: SessionContext): number {
  const at = Math.min(dueAt, token.expiresAt ?? Infinity, nextPauseEnd(rejections, judgedAt))
  return Math.min(delayUntil(at, judgedAt), longestJudgementMilliseconds)
}

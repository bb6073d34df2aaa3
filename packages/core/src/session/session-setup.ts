import { and, assign, emit, enqueueActions, fromCallback, or, setup, stateIn } from 'xstate'
import { safeDelay } from '../clock/clock.ts'
import { isRetryDue } from '../policy/backoff.ts'
import type { RefreshPrompt } from '../policy/choose-record.ts'
import {
  isRejected,
  isSoonAfterBirth,
  judgeHeldToken,
  noToken,
  nothingSaid,
  type SessionContext,
  type SessionInput,
} from './session-context.ts'
import { effectsOf } from './session-effects.ts'
import type { EndFacts, FailureFacts, RequestFacts, SessionEvent, TokenFacts } from './session-events.ts'
import { adviseOnEnd, refreshTokenMissingAdvice, type SessionNotice } from './session-notices.ts'

/** Timers stop while a device sleeps and are throttled in hidden pages: the clock is asked again this often. */
const longestJudgementMilliseconds = 4 * 60 * 1000

/** The types, guards, delays, actions and actors that the session chart names. */
export const sessionSetup = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput,
    emitted: {} as SessionNotice,
    tags: {} as 'usable',
  },

  actors: {
    readClock: fromCallback<SessionEvent>(({ system, sendBack }) => effectsOf(system)?.readClock(sendBack)),
    readRecord: fromCallback<SessionEvent>(({ system, sendBack }) => effectsOf(system)?.readRecord(sendBack)),
    refreshUnderLease: fromCallback<SessionEvent, RefreshPrompt>(({ system, input, sendBack }) =>
      effectsOf(system)?.refresh(input, sendBack),
    ),
    signOut: fromCallback<SessionEvent>(({ system, sendBack }) => effectsOf(system)?.signOut(sendBack)),
  },

  delays: {
    untilRefreshIsDue: ({ context: { token, judgedAt } }) =>
      nextJudgement(
        Math.min(token.refreshDueAt ?? Number.POSITIVE_INFINITY, token.expiresAt ?? Number.POSITIVE_INFINITY),
        judgedAt,
      ),
    untilExpiry: ({ context: { token, judgedAt } }) =>
      nextJudgement(token.expiresAt ?? Number.POSITIVE_INFINITY, judgedAt),
    untilRetry: ({ context: { failure } }) => delayUntil(failure?.retryAt ?? 0, failure?.now ?? 0),
  },

  guards: {
    isRejected: ({ context }) => isRejected(context),
    isExpired: ({ context }, now: number) => judgeHeldToken(context.token, now) === 'expired',
    isDue: ({ context }, now: number) => judgeHeldToken(context.token, now) === 'expiring',
    isNewer: ({ context }, token: TokenFacts) => token.generation > context.token.generation,
    isNewSignIn: ({ context }, token: TokenFacts) =>
      token.generation > context.token.generation && token.signInId !== context.token.signInId,
    isSameSignIn: ({ context }, token: TokenFacts) => token.signInId === context.token.signInId,
    isCurrent: ({ context }, generation: number) => generation === context.token.generation,
    isNotOlder: ({ context }, generation: number) => generation >= context.token.generation,
    isLater: ({ context }, generation: number) => generation > context.token.generation,
    isOlder: ({ context }, generation: number) => generation < context.token.generation,
    isUnusableOnArrival: (_, token: TokenFacts) => token.retryAt !== undefined,
    /** Somebody is looking, and wants a fresh token before they ask. */
    refreshesEagerly: ({ context }) => refreshesEagerly(context),
    isRefreshable: ({ context }) => context.token.refreshable,
    isSpent: stateIn({ signedIn: { token: 'expired' } }),
    isRefused: stateIn({ signedIn: { token: 'rejected' } }),
    isExpiring: stateIn({ signedIn: { token: 'expiring' } }),
    /** Composed here and not in the chart, where every guard has a name that can be read in an inspector. */
    isToBeRefreshed: and(['refreshesEagerly', or([and(['isRefreshable', 'isExpiring']), 'isSpent', 'isRefused'])]),
    /** Somebody asked, and by the clock they cannot be served with what there is. */
    needsRefresh: ({ context }, request: { now: number; evenIfFresh: boolean }) => needsRefresh(context, request),
    retryIsDue: ({ context }, now: number) => isRetryDue(context.failure, now),
    needsRefreshAndRetryIsDue: ({ context }, request: { now: number; evenIfFresh: boolean }) =>
      isRetryDue(context.failure, request.now) && needsRefresh(context, request),
    serverAllows: ({ context }, now: number) => serverAllows(context, now),
    resumesEagerly: ({ context }, now: number) => refreshesEagerly(context) && serverAllows(context, now),
    /** The record was there when last heard of. */
    wasStored: ({ context }) => context.end?.reason !== 'recordRemoved',
    hasLostRecord: and(['needsSignIn', 'wasStored']),
    isOffline: (_, failure: FailureFacts) => failure.code === 'offline',
    hasEnded: ({ context }) => context.end !== undefined,
    /** Nothing is wrong with the refresh token: somebody may have mended what was. */
    endMayBeMended: ({ context: { end, needsSignIn } }) =>
      needsSignIn === false || end?.reason === 'clientRejected' || end?.reason === 'unreachable',
    needsSignIn: ({ context }) => context.needsSignIn !== false,
    /** The session begins with its first refresh. */
    needsNoSignIn: ({ context }) => context.needsSignIn === false,
  },

  actions: {
    noteTime: assign((_, now: number) => ({ judgedAt: now })),
    noteOnline: assign({ online: true }),
    noteOffline: assign({ online: false }),
    noteShown: assign({ visible: true }),
    noteHidden: assign({ visible: false }),
    takeToken: enqueueActions(({ context, enqueue }, token: TokenFacts) => {
      const isNew = token.generation !== context.token.generation
      enqueue.assign(isNew ? { token, said: { ...context.said, signedOut: false, stepUps: [] } } : { token })
      // The vault holds what the chart has taken, and nothing else.
      enqueue(({ system }) => effectsOf(system)?.holdTokens(token))
    }),
    /** There is none yet, but one can be had: nobody has to sign in. */
    awaitFirstToken: enqueueActions(({ context, enqueue }) => {
      const { generation, signInId } = context.token
      const token = { ...noToken, generation, signInId, refreshable: true }
      enqueue.assign({ token, said: { ...context.said, signedOut: false } })
      enqueue(({ system }) => effectsOf(system)?.holdTokens(token))
    }),
    noteRejection: assign(({ context }, rejection: RequestFacts & { now: number }) => ({
      rejectedGeneration: rejection.generation,
      rejectedSoon: isSoonAfterBirth(context, rejection.now),
      lastOutcome: { ...requestFacts(rejection), outcome: 'rejected' },
    })),
    noteOutcome: assign((_, request: RequestFacts & { outcome: string }) => ({
      lastOutcome: { ...requestFacts(request), outcome: request.outcome },
    })),
    noteFailure: assign(({ context }, failure: FailureFacts) => ({
      failure,
      failures: context.failures + 1,
      resumed: false,
    })),
    noteEnd: assign((_, end: EndFacts) => ({ end, failure: undefined })),
    /** Whoever was there when it ended has said so. */
    noteOldEnd: assign(({ context }, end: EndFacts) => ({ end, said: { ...context.said, end: end.reason } })),
    noteUnstored: assign({ unstored: true }),
    /** How often it has failed still counts: the next pause is longer. */
    forgetFailure: assign({ failure: undefined }),
    clearUnstored: assign({ unstored: false }),
    clearFailure: assign({ failure: undefined, failures: 0, resumed: false }),
    leaveBackoff: assign(({ context: { failure } }, now: number) =>
      failure === undefined || failure.serverAsked ? {} : { failure: { ...failure, retryAt: now }, resumed: true },
    ),
    clearSession: assign(({ context }) => ({
      // The generation is kept: what is older than the session that ended must not come back.
      token: { ...noToken, generation: context.token.generation, signInId: context.token.signInId },
      failure: undefined,
      failures: 0,
      resumed: false,
      unstored: false,
      end: undefined,
      said: nothingSaid,
    })),
    /** There is no record any more that anything could be older than. */
    forgetGeneration: assign({ token: noToken }),
    noteTombstone: assign(({ context }, generation: number) => ({
      token: { ...context.token, generation: Math.max(generation, context.token.generation) },
    })),
    noteSignedOut: assign({ said: { ...nothingSaid, signedOut: true } }),
    clearEnd: assign(({ context }) => ({ end: undefined, said: { ...context.said, end: undefined } })),

    followRecord: ({ system }) => effectsOf(system)?.followRecord(),
    withholdToken: ({ context, system }) => effectsOf(system)?.withholdToken(context.token.generation),
    forgetTokens: ({ system }) => effectsOf(system)?.forgetTokens(),

    sayRefreshed: emit(({ context: { token } }) => ({ type: 'refreshed' as const, ...generationAndExpiry(token) })),
    sayAdopted: emit(({ context: { token } }) => ({ type: 'adopted' as const, ...generationAndExpiry(token) })),
    saySignedIn: enqueueActions(({ context: { token, said }, enqueue }) => {
      if (said.signInId === token.signInId) return
      enqueue.emit({ type: 'signedIn', ...generationAndExpiry(token) })
      // Whatever was wrong was wrong with the session before.
      enqueue.assign({ said: { ...nothingSaid, signInId: token.signInId } })
    }),
    saySignedOut: enqueueActions(({ context: { said }, enqueue }) => {
      if (!said.signedOut) enqueue.emit({ type: 'signedOut' })
    }),
    sayRevocationFailed: emit({ type: 'revocationFailed' as const }),
    sayUnstored: emit(({ context: { token } }) => ({ type: 'unstored' as const, generation: token.generation })),
    sayStored: enqueueActions(({ context, enqueue }) => {
      if (!context.unstored) return
      enqueue.emit({ type: 'stored', generation: context.token.generation })
      enqueue.assign({ unstored: false })
    }),
    sayRefreshTokenMissing: enqueueActions(({ context: { token }, enqueue }, advice: string | undefined) => {
      if (token.refreshable) return
      const { expiresAt } = token
      enqueue.emit({
        type: 'refreshTokenMissing',
        advice: advice ?? refreshTokenMissingAdvice,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      })
    }),
    sayRefreshFailed: enqueueActions(({ context: { failure, said }, enqueue }) => {
      if (failure === undefined) return
      const { code, retryAt, refusedWithoutReason } = failure
      if (said.failure !== code) enqueue.emit({ type: 'refreshFailed', code, retryAt })
      if (refusedWithoutReason && !said.refusedWithoutReason) enqueue.emit({ type: 'refusedWithoutReason' })
      enqueue.assign({
        said: { ...said, failure: code, refusedWithoutReason: said.refusedWithoutReason || refusedWithoutReason },
      })
    }),
    sayRecovered: enqueueActions(({ context: { said, token }, enqueue }) => {
      if (said.failure === undefined && said.end === undefined && !said.unreadable) return
      enqueue.emit({ type: 'recovered', generation: token.generation })
      enqueue.assign({ said: { ...nothingSaid, signInId: said.signInId, stepUps: said.stepUps } })
    }),
    sayEnded: enqueueActions(({ context, enqueue }) => {
      const { end, said, clientId } = context
      if (end === undefined || said.end === end.reason) return
      enqueue.emit({
        type: 'ended',
        ...end,
        ...(end.reason === 'clientRejected' && clientId !== undefined ? { clientId } : {}),
        advice: adviseOnEnd(end.reason, context),
      })
      enqueue.assign({ said: { ...said, end: end.reason } })
    }),
    sayEndNotStored: enqueueActions(({ enqueue }, refusal: { end: EndFacts; stored: boolean }) => {
      if (!refusal.stored) enqueue.emit({ type: 'endNotStored', reason: refusal.end.reason })
    }),
    sayStepUpRequired: enqueueActions(({ context: { said }, enqueue }, request: RequestFacts) => {
      if (said.stepUps.includes(request.origin)) return
      const { origin, status } = request
      enqueue.emit({ type: 'stepUpRequired', origin, ...(status === undefined ? {} : { status }) })
      enqueue.assign({ said: { ...said, stepUps: [...said.stepUps, origin] } })
    }),
    sayRejectedAfterRefresh: emit((_, request: RequestFacts) => ({
      type: 'rejectedAfterRefresh' as const,
      ...requestFacts(request),
    })),
    sayRecordUnreadable: enqueueActions(({ context: { said }, enqueue }, read: { unreadable: boolean }) => {
      if (!read.unreadable || said.unreadable) return
      enqueue.emit({ type: 'recordUnreadable' })
      enqueue.assign({ said: { ...said, unreadable: true } })
    }),
  },
})

/** Never at once: what is due already is looked at a moment later. */
function delayUntil(at: number, now: number): number {
  return Math.max(safeDelay(at - now), 1)
}

function nextJudgement(at: number, judgedAt: number): number {
  return Math.min(delayUntil(at, judgedAt), longestJudgementMilliseconds)
}

function needsRefresh(context: SessionContext, request: { now: number; evenIfFresh: boolean }): boolean {
  const { token } = context
  if (!token.refreshable) return isRejected(context) || judgeHeldToken(token, request.now) === 'expired'
  return request.evenIfFresh || isRejected(context) || judgeHeldToken(token, request.now) !== 'fresh'
}

/** In a page that nobody sees, only what somebody asks for is done. */
function refreshesEagerly({ refreshTiming, visible }: SessionContext): boolean {
  return refreshTiming === 'eager' && visible
}

/** Our own backoff may be left early; what a server asked for may not. */
function serverAllows({ failure }: SessionContext, now: number): boolean {
  return failure?.serverAsked !== true || isRetryDue(failure, now)
}

function generationAndExpiry(token: TokenFacts): { generation: number; expiresAt?: number } {
  const { generation, expiresAt } = token
  return { generation, ...(expiresAt === undefined ? {} : { expiresAt }) }
}

function requestFacts(request: RequestFacts): RequestFacts {
  const { generation, origin, status } = request
  return { generation, origin, ...(status === undefined ? {} : { status }) }
}

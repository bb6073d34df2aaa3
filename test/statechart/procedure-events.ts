import type { EndFacts, FailureFacts, SessionContext, TokenFacts } from '@authchart/core/machine'
import { type ChartEvent, type ChartSnapshot, promptOf } from './chart-snapshot.ts'
import { createToken, instantsOf, nextGeneration, retryTimes, signInIdOf, type TokenKind } from './chart-times.ts'

/**
 * How the refresh under way may go, step by step. What it answers is bound by why it was begun: it adopts and stores
 * only what is newer than the generation that prompted it, and its refusal is of that generation or a newer one. Where
 * it finds nothing to refresh any more, it answers as a look at the record does, and then fails.
 */
export function procedureEvents(chart: ChartSnapshot, kinds: readonly TokenKind[]): ChartEvent[] {
  const prompt = promptOf(chart)
  if (prompt === undefined) return []
  const { generation: prompted, cause } = prompt
  const { context } = chart
  const adopted = [...adoptions(context, { kinds, prompted }), ...tombstones(context)]
  switch (stepOf(chart)) {
    case 'waitingForLease':
      return [{ type: 'lease.acquired' }, ...adopted, ...localFailures(context), cancelled]
    case 'rereading':
      return [
        { type: 'intent.written' },
        ...adopted,
        ...refusals(context, prompted),
        ...localFailures(context),
        ...serverFailures(context),
        offline(context),
        // An origin pauses by its rejections, and by nothing else.
        ...(cause === 'rejected' ? [paused] : []),
        cancelled,
      ]
    case 'requestingTokens':
      return [
        { type: 'tokens.issued' },
        ...adopted,
        ...refusals(context, prompted),
        ...localFailures(context),
        ...serverFailures(context),
        offline(context),
      ]
    default:
      // What is served from memory can be stored, or lose to another holder's tokens; it is not refused any more.
      return context.unstored
        ? [...stored(context.token), ...adopted, ...localFailures(context)]
        : [...issues(context, kinds), ...adopted, ...refusals(context, prompted), ...localFailures(context)]
  }
}

function stepOf(chart: ChartSnapshot): string {
  const { value } = chart
  const refresh = typeof value === 'object' && 'signedIn' in value ? value.signedIn?.refresh : undefined
  return typeof refresh === 'object' && 'refreshing' in refresh ? String(refresh.refreshing) : 'none'
}

/** Only for a session that is being disposed of, and only before anything is sent. */
const cancelled: ChartEvent = { type: 'refresh.cancelled' }

const paused: ChartEvent = { type: 'refresh.paused', rejections: undefined }

/** Another holder's tokens: new, or taken already when the look after a hint was quicker. */
function adoptions(
  context: SessionContext,
  { kinds, prompted }: { kinds: readonly TokenKind[]; prompted: number },
): ChartEvent[] {
  const { token } = context
  const next = nextGeneration(context)
  return [
    ...kinds.map((kind) => createToken(kind, next, token.signInId)),
    createToken('lasting', next, signInIdOf(next)),
    ...(prompted < token.generation ? [token] : []),
  ].map((adopted) => ({ type: 'tokens.adopted', token: adopted }))
}

/** A sign-out that it found, even one of an older generation: not all tokens have theirs reserved. */
function tombstones({ token }: SessionContext): ChartEvent[] {
  return [token.generation - 1, token.generation, token.generation + 1].map((generation) => ({
    type: 'record.signedOut',
    generation,
    underLease: true,
  }))
}

function issues(context: SessionContext, kinds: readonly TokenKind[]): ChartEvent[] {
  const next = nextGeneration(context)
  return kinds
    .map((kind) => createToken(kind, next, context.token.signInId))
    .flatMap((token): ChartEvent[] => [...stored(token), { type: 'tokens.unstored', token }])
}

/** Storing may take its time. */
function stored(token: TokenFacts): ChartEvent[] {
  return Object.values(instantsOf(token.generation)).map((now) => ({ type: 'tokens.stored', token, now }))
}

/** This holder's alone: no store, no lease. */
function localFailures(context: SessionContext): ChartEvent[] {
  const { soon, far } = retryTimes(context.token.generation)
  return [soon, far].map((retryAt) => failure(context, { code: 'storeUnavailable', retryAt, serverAsked: false }))
}

function serverFailures(context: SessionContext): ChartEvent[] {
  const { soon, far } = retryTimes(context.token.generation)
  return [soon, far].map((retryAt) => failure(context, { code: 'throttled', retryAt, serverAsked: true }))
}

function offline(context: SessionContext): ChartEvent {
  return failure(context, { code: 'offline', retryAt: retryTimes(context.token.generation).far, serverAsked: false })
}

function failure(
  context: SessionContext,
  facts: Pick<FailureFacts, 'code' | 'retryAt' | 'serverAsked'>,
): Extract<ChartEvent, { type: 'refresh.failed' }> {
  return { type: 'refresh.failed', now: nowOf(context), refusedWithoutReason: false, ...facts }
}

/** A refusal may leave the refresh token, or be about something else; a spent one is erased, but not by every store. */
function refusals(context: SessionContext, prompted: number): ChartEvent[] {
  const endedAt = nowOf(context)
  return endedTokens(context)
    .filter(({ generation }) => generation >= prompted)
    .flatMap((token): ChartEvent[] => {
      const isCurrent = token.generation === context.token.generation && token.refreshable
      const reasons: EndFacts['reason'][] = isCurrent
        ? ['grantRejected', 'unreachable', 'rotationLost']
        : ['grantRejected']
      return reasons.map((reason) => ({ type: 'session.ended', token, end: { reason, endedAt } }))
    })
}

/** What an end leaves: the token set with its refresh token, without it, or nothing. */
export function endedTokens(context: SessionContext): TokenFacts[] {
  const { token } = context
  const next = nextGeneration(context)
  return [
    ...(token.held ? [token, { ...token, refreshable: false }] : []),
    createToken('notHeld', token.generation, token.signInId),
    createToken('lasting', next, token.signInId),
    createToken('notRefreshable', next, signInIdOf(next)),
    createToken('notHeld', next, token.signInId),
    older(token),
  ]
}

/** A token set from before the one that is held. */
export function older(token: TokenFacts): TokenFacts {
  return createToken('lasting', token.generation - 1, token.signInId)
}

function nowOf({ token }: SessionContext): number {
  return instantsOf(token.generation).fresh
}

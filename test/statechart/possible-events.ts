import type { RequestEnded, SessionContext, TokenFacts } from '@authchart/core/machine'
import { type ChartEvent, type ChartSnapshot, effectOf, type Happening, isWaitingToRetry } from './chart-snapshot.ts'
import { createToken, instantsOf, nextGeneration, retryTimes, signInIdOf, type TokenKind } from './chart-times.ts'
import { endedTokens, older, procedureEvents } from './procedure-events.ts'

const origin = 'https://api.example'

/**
 * All that the chart can hear in a state, at each time that matters: from its timers, from callers, from the device, and
 * from the effects that it has running. The chart runs without effects here, so this says what they could answer, and
 * nothing that they could not. Where it is in doubt whether something can come, it comes.
 *
 * @param kinds how tokens come: from a sign-in, from a refresh, from another holder
 */
export function possibleEvents(chart: ChartSnapshot, kinds: readonly TokenKind[]): Happening[] {
  return [
    ...timerEvents(chart),
    ...retryEvents(chart),
    ...callerEvents(chart.context),
    ...deviceEvents(chart.context),
    ...requestEvents(chart.context),
    ...recordEvents(chart, kinds),
    ...procedureEvents(chart, kinds),
    ...signOutEvents(chart),
  ].flatMap((event) => timesOf(event, chart.context).map((now) => ({ event, now })))
}

/** Events at which the chart does not ask for the time: the exploration fails where it does. */
const timeless: ReadonlySet<string> = new Set([
  'store.changed',
  'network.offline',
  'page.hidden',
  'lease.acquired',
  'intent.written',
  'tokens.issued',
  'refresh.cancelled',
  'signOut.requested',
])

/**
 * When an event may be heard: at the time that it tells, or at each that matters to the token that is held by then. The
 * clock may have been set back since it was read last.
 */
function timesOf(event: ChartEvent, { token }: SessionContext): readonly (number | undefined)[] {
  if (timeless.has(event.type)) return [undefined]
  if ('now' in event) return [event.now]
  const brought = 'token' in event ? event.token.generation : 0
  return Object.values(instantsOf(Math.max(brought, token.generation)))
}

function timerEvents(chart: ChartSnapshot): ChartEvent[] {
  return chart._nodes.flatMap((node) =>
    node.after.map(({ eventType }): ChartEvent => ({ type: eventType as `xstate.after.${string}` })),
  )
}

/** Callers who come at the very moment of the next try, however far that is. */
function retryEvents(chart: ChartSnapshot): ChartEvent[] {
  const { failure } = chart.context
  if (failure === undefined || !isWaitingToRetry(chart)) return []
  const { retryAt: now } = failure
  return [
    { type: 'token.requested', now, evenIfFresh: true },
    { type: 'refresh.requested', now },
    { type: 'clock.resumed', now },
  ]
}

/** Callers do not know the chart: they may ask for anything at any time. */
function callerEvents(context: SessionContext): ChartEvent[] {
  const { token } = context
  const { fresh, expired } = instantsOf(token.generation)
  const next = nextGeneration(context)
  return [
    ...Object.values(instantsOf(token.generation)).map(
      (now): ChartEvent => ({ type: 'token.requested', now, evenIfFresh: false }),
    ),
    { type: 'token.requested', now: fresh, evenIfFresh: true },
    // For what was asked for a moment ago, and for what may be tried again.
    { type: 'refresh.requested', now: fresh },
    { type: 'refresh.requested', now: expired },
    { type: 'signOut.requested' },
    // A sign-in is above all generations that this session knows of.
    { type: 'signIn.stored', token: createToken('lasting', next, signInIdOf(next)) },
    { type: 'signIn.stored', token: createToken('notRefreshable', next, signInIdOf(next)) },
    // The store was quicker with the news, or with those of a later one.
    { type: 'signIn.stored', token },
    { type: 'signIn.stored', token: older(token) },
  ]
}

function deviceEvents({ token }: SessionContext): ChartEvent[] {
  return [
    ...Object.values(instantsOf(token.generation)).flatMap((now): ChartEvent[] => [
      { type: 'clock.resumed', now },
      { type: 'network.online', now },
    ]),
    { type: 'network.offline' },
    { type: 'store.changed' },
  ]
}

/**
 * The page is hidden and shown. Apart from the others: a hidden page behaves as one that refreshes on use, so that every
 * state twice would tell little more than the few of a small world do.
 */
export function pageEvents(context: SessionContext): Happening[] {
  const { token, visible } = context
  if (visible) return [{ event: { type: 'page.hidden' } }]
  return Object.values(instantsOf(token.generation)).map((now) => ({ event: { type: 'page.shown', now }, now }))
}

/** Requests carry the token that is held, or one that was held when they were sent. */
function requestEvents({ token }: SessionContext): ChartEvent[] {
  const { generation, held } = token
  const { fresh: now, ...later } = instantsOf(generation)
  const answered = { type: 'request.ended', generation, origin, status: 401, now } as const
  const rejections = [now, ...Object.values(later)].map(
    (at): RequestEnded => ({ ...answered, outcome: 'rejected', now: at }),
  )
  return [
    ...(held ? [...rejections, { ...answered, outcome: 'rejectedAfterRefresh' } as const] : []),
    ...staleRejections(token),
    { ...answered, outcome: 'accepted', status: 200 },
    { ...answered, outcome: 'stepUpRequired' },
    { ...answered, outcome: 'networkFailed', status: undefined },
  ]
}

/** Rejections of tokens that are not held: of an older one, and of one from before the record was lost. */
export function staleRejections({ generation }: TokenFacts): RequestEnded[] {
  const { fresh: now } = instantsOf(generation)
  const stale = { type: 'request.ended', outcome: 'rejected', origin, status: 401, now } as const
  return [generation - 1, generation + 1].map((other) => ({ ...stale, generation: other }))
}

/**
 * The record, as the reader at the start or a look after a hint may find it. A look may still be under way from any
 * earlier state but those at the start, which are left for good.
 */
function recordEvents(chart: ChartSnapshot, kinds: readonly TokenKind[]): ChartEvent[] {
  const { context } = chart
  if (!chart.matches('restoring')) return recordContents(context, kinds)
  if (effectOf(chart, 'recordReader') === undefined) return []
  const { generation } = context.token
  const { soon, far } = retryTimes(generation)
  const trouble = { type: 'record.unavailable', code: 'storeUnavailable', now: instantsOf(generation).fresh } as const
  return [
    ...recordContents(context, kinds),
    { ...trouble, retryAt: soon, unreadable: false },
    { ...trouble, retryAt: far, unreadable: true },
  ]
}

/** Records older than what is held come from a store that was restored, and from reads that took long. */
function recordContents(context: SessionContext, kinds: readonly TokenKind[]): ChartEvent[] {
  const { token } = context
  const next = nextGeneration(context)
  const { fresh: now } = instantsOf(token.generation)
  const anotherSignIn = signInIdOf(next)
  const signedIn = (found: TokenFacts): ChartEvent => ({ type: 'record.signedIn', token: found })
  const ended = (found: TokenFacts): ChartEvent => ({
    type: 'record.ended',
    end: { reason: 'grantRejected', endedAt: now },
    token: found,
  })
  return [
    { type: 'record.absent', now },
    ...[next, token.generation, token.generation - 1].map(
      (generation): ChartEvent => ({ type: 'record.signedOut', generation }),
    ),
    ...kinds.map((kind) => signedIn(createToken(kind, next, token.signInId))),
    signedIn(createToken('lasting', next, anotherSignIn)),
    ...(token.held ? [signedIn(token)] : []),
    // What a first try has written that brought no tokens.
    ...(context.settings.signsIn ? [token.signInId, anotherSignIn].map((id) => signedIn(noneYet(token, id))) : []),
    signedIn(older(token)),
    signedIn({ ...older(token), signInId: anotherSignIn }),
    ...endedTokens(context).map(ended),
    ...(['clientRejected', 'rotationLost'] as const).map(
      (reason): ChartEvent => ({ type: 'record.ended', end: { reason, endedAt: now }, token }),
    ),
  ]
}

function noneYet({ generation }: TokenFacts, signInId: string): TokenFacts {
  return { ...createToken('notHeld', generation, signInId), refreshable: true }
}

function signOutEvents(chart: ChartSnapshot): ChartEvent[] {
  if (effectOf(chart, 'signOut') === undefined) return []
  return [
    { type: 'signOut.stored', generation: nextGeneration(chart.context) },
    { type: 'signOut.stored', generation: chart.context.token.generation },
    { type: 'signOut.failed', code: 'storeUnavailable' },
  ]
}

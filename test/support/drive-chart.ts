import type { SessionNotice } from '@authchart/core'
import {
  type RequestEnded,
  type SessionContext,
  type SessionEvent,
  type SessionInput,
  sessionMachine,
  type TokenFacts,
} from '@authchart/core/machine'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { type Actor, createActor } from 'xstate'
import { nothingTold, noticesBetween } from '../../packages/core/src/session/notices-between.ts'

/** When a token of `createTokenFacts` is judged so, in milliseconds since the epoch. */
export const judgedAt = { fresh: 1_000_000, rejected: 1_000_000, expiring: 2_000_000, expired: 3_000_000 }

/** The facts of a token set that is due at 2,000,000 and expires at 3,000,000. */
export function createTokenFacts(changes: Partial<TokenFacts> = {}): TokenFacts {
  return {
    generation: 5,
    signInId: 'sign-in-1',
    held: true,
    refreshable: true,
    receivedAt: 0,
    refreshDueAt: judgedAt.expiring,
    expiresAt: judgedAt.expired,
    ...changes,
  }
}

/** The chart of a session that runs without effects: it goes where the events it is sent take it. */
export interface DrivenChart {
  readonly actor: Actor<typeof sessionMachine>
  readonly clock: SimulatedClock
  /** All that it has said. */
  readonly notices: readonly SessionNotice[]
  readonly context: SessionContext
  /** Where it is: `restoring.reading`, or both regions, such as `fresh / refreshing.storing`. */
  readonly state: string
  send(...events: readonly SessionEvent[]): void
  /** The notices since the last time this was asked. */
  takeNotices(): SessionNotice[]
}

/** Starts the chart, with a clock that stands still unless it is moved. */
export function startChart(input: Partial<SessionInput> = {}, now = judgedAt.fresh): DrivenChart {
  const clock = createSimulatedClock({ now })
  const actor = createActor(sessionMachine, {
    input: { key: 'acme:alice', refreshTiming: 'onUse', online: true, ...input },
    clock,
  })
  const notices: SessionNotice[] = []
  let taken = 0
  let told = nothingTold
  let before = actor.getSnapshot()
  actor.subscribe({
    next(after) {
      const telling = noticesBetween(before, after, told)
      before = after
      told = telling.told
      notices.push(...telling.notices)
    },
    error: () => {},
  })
  actor.start()
  return {
    actor,
    clock,
    notices,
    get context() {
      return actor.getSnapshot().context
    },
    get state() {
      return describeValue(actor.getSnapshot().value)
    },
    send(...events) {
      for (const event of events) actor.send(event)
    },
    takeNotices() {
      const latest = notices.slice(taken)
      taken = notices.length
      return latest
    },
  }
}

const tokenStates = ['fresh', 'expiring', 'expired', 'rejected'] as const
const refreshStates = [
  'idle',
  'refreshing.waitingForLease',
  'refreshing.rereading',
  'refreshing.requestingTokens',
  'refreshing.storing',
  'transientFailure.backingOff',
  'transientFailure.offline',
  'invalidated',
] as const

type SignedInPlace = `${(typeof tokenStates)[number]} / ${(typeof refreshStates)[number]}`

/** Every place that the chart can be in. */
export type ChartPlace = 'restoring.reading' | 'restoring.unavailable' | 'signedOut' | 'signingOut' | SignedInPlace

/** The places with somebody signed in, each state of the one region with each of the other. */
export const signedInPlaces: readonly SignedInPlace[] = tokenStates.flatMap((token) =>
  refreshStates.map((refresh): SignedInPlace => `${token} / ${refresh}`),
)

/** Every place. */
export const chartPlaces: readonly ChartPlace[] = [
  'restoring.reading',
  'restoring.unavailable',
  'signedOut',
  'signingOut',
  ...signedInPlaces,
]

/** The chart, driven to a place by events; what it says on the way is not kept for `takeNotices`. */
export function startChartAt(place: ChartPlace, input: Partial<SessionInput> = {}): DrivenChart {
  const [token] = place.split(' / ')
  const chart = startChart(input, judgedAt[token as keyof typeof judgedAt] ?? judgedAt.fresh)
  chart.send(...eventsTo(place))
  chart.takeNotices()
  if (chart.state !== place) throw new Error(`The chart is at ${chart.state}, not at ${place}`)
  return chart
}

function eventsTo(place: ChartPlace): SessionEvent[] {
  const now = judgedAt.fresh
  switch (place) {
    case 'restoring.reading':
      return []
    case 'restoring.unavailable':
      return [{ type: 'record.unavailable', code: 'storeLocked', retryAt: now + 1000, now }]
    case 'signedOut':
      return [{ type: 'record.absent', now }]
    case 'signingOut':
      return [{ type: 'signOut.requested' }]
    default: {
      const [token, refresh] = place.split(' / ') as [(typeof tokenStates)[number], (typeof refreshStates)[number]]
      return [
        { type: 'record.signedIn', token: createTokenFacts() },
        ...eventsToRefresh(refresh),
        ...eventsToToken(token),
      ]
    }
  }
}

function eventsToToken(state: (typeof tokenStates)[number]): SessionEvent[] {
  return state === 'rejected' ? [rejection] : []
}

/** A resource server rejects the token of `createTokenFacts`. */
export const rejection: RequestEnded = {
  type: 'request.ended',
  outcome: 'rejected',
  generation: 5,
  origin: 'https://api.example',
  status: 401,
  now: judgedAt.rejected,
}

function eventsToRefresh(state: (typeof refreshStates)[number]): SessionEvent[] {
  const now = judgedAt.fresh
  const start: SessionEvent = { type: 'refresh.requested', now }
  const failure = {
    type: 'refresh.failed',
    now,
    retryAt: now + 60_000,
    serverAsked: false,
    refusedWithoutReason: false,
  } as const
  const steps: SessionEvent[] = [
    start,
    { type: 'lease.acquired' },
    { type: 'intent.written' },
    { type: 'tokens.issued' },
  ]
  switch (state) {
    case 'idle':
      return []
    case 'refreshing.waitingForLease':
      return steps.slice(0, 1)
    case 'refreshing.rereading':
      return steps.slice(0, 2)
    case 'refreshing.requestingTokens':
      return steps.slice(0, 3)
    case 'refreshing.storing':
      return steps
    case 'transientFailure.backingOff':
      return [start, { ...failure, code: 'network' }]
    case 'transientFailure.offline':
      return [start, { ...failure, code: 'offline' }]
    case 'invalidated': {
      const end = { reason: 'grantRejected', endedAt: now } as const
      return [start, { type: 'session.ended', end, token: createTokenFacts({ refreshable: false }) }]
    }
  }
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return value
  const { signedIn, ...rest } = value as { signedIn?: { token: unknown; refresh: unknown } } & Record<string, unknown>
  if (signedIn !== undefined) return `${describeValue(signedIn.token)} / ${describeValue(signedIn.refresh)}`
  return Object.entries(rest)
    .map(([parent, child]) => `${parent}.${describeValue(child)}`)
    .join(' / ')
}

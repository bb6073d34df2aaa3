import { describe, expect, it } from 'vitest'
import {
  type ChartPlace,
  createTokenFacts,
  type DrivenChart,
  judgedAt,
  rejection,
  startChartAt,
} from '../../../../test/support/drive-chart.ts'
import type { SessionEvent } from './session-events.ts'

const now = judgedAt.fresh
const spent = createTokenFacts({ refreshable: false })
const newer = createTokenFacts({ generation: 6, expiresAt: 9_000_000, refreshDueAt: 8_000_000 })
const end = { reason: 'grantRejected', endedAt: now } as const

const failed = (code: 'server' | 'offline'): SessionEvent => ({
  type: 'refresh.failed',
  code,
  now,
  retryAt: now + 60_000,
  serverAsked: false,
  refusedWithoutReason: false,
})
const refused: SessionEvent = { type: 'session.ended', end, token: spent }
const ended: SessionEvent = { type: 'record.ended', end, token: spent }
const adopted: SessionEvent = { type: 'record.signedIn', token: newer }

/** What else may happen meanwhile, and must not matter. */
const disturbances: readonly SessionEvent[] = [
  { type: 'store.changed' },
  { type: 'record.signedIn', token: createTokenFacts() },
  rejection,
  { ...rejection, outcome: 'accepted', status: 200 },
  { type: 'token.requested', now, evenIfFresh: true },
  { type: 'network.offline' },
  { type: 'network.online', now },
  { type: 'clock.resumed', now },
  { type: 'page.shown', now },
]

function* ordersOf<Item>(items: readonly Item[]): Generator<Item[]> {
  if (items.length === 0) yield []
  for (const [index, first] of items.entries()) {
    for (const rest of ordersOf(items.toSpliced(index, 1))) yield [first, ...rest]
  }
}

/** Every order of the events with each of the disturbances, from a place, in both timings. */
function forEveryOrder(
  { from, events }: { from: ChartPlace; events: readonly SessionEvent[] },
  isRight: (chart: DrivenChart) => boolean,
) {
  const wrong: string[] = []
  for (const disturbance of disturbances) {
    for (const order of ordersOf([...events, disturbance])) {
      for (const refreshTiming of ['onUse', 'eager'] as const) {
        const chart = startChartAt(from, { refreshTiming })
        chart.send(...order)
        if (!isRight(chart)) wrong.push(`${refreshTiming}: ${order.map(({ type }) => type).join(', ')}: ${chart.state}`)
      }
    }
  }
  expect(wrong).toEqual([])
}

const whileRefreshing: readonly ChartPlace[] = [
  'fresh / refreshing.requestingTokens',
  'expired / refreshing.requestingTokens',
  'rejected / refreshing.waitingForLease',
  'expiring / refreshing.storing',
]

describe('P35 a final refusal beats a failure that passes', () => {
  it.each(whileRefreshing)('in every order, where both are told at %s', (from) => {
    forEveryOrder({ from, events: [refused, failed('server')] }, hasEnded)
    forEveryOrder({ from, events: [refused, failed('offline')] }, hasEnded)
  })

  it.each(whileRefreshing)('in every order, where another holder was refused at %s', (from) => {
    forEveryOrder({ from, events: [ended, failed('server')] }, hasEnded)
  })

  it.each(whileRefreshing)('in every order, where both holders were refused at %s', (from) => {
    forEveryOrder({ from, events: [ended, refused, failed('offline')] }, hasEnded)
  })

  it.each(['fresh / transientFailure.backingOff', 'expired / transientFailure.offline', 'fresh / idle'] as const)(
    'as told by the record at %s, whatever else happens',
    (from) => forEveryOrder({ from, events: [ended] }, hasEnded),
  )

  function hasEnded({ state, context, notices }: DrivenChart) {
    return (
      state.endsWith(' / invalidated') &&
      context.end === end &&
      context.failure === undefined &&
      notices.filter(({ type }) => type === 'ended').length === 1
    )
  }
})

describe('P33 newer tokens beat the refusal of older ones', () => {
  it.each(whileRefreshing)('in every order, at %s', (from) => {
    forEveryOrder({ from, events: [refused, adopted, failed('server')] }, isAlive)
    forEveryOrder({ from, events: [ended, adopted] }, isAlive)
  })

  function isAlive({ state, context }: DrivenChart) {
    return !state.includes('invalidated') && context.end === undefined && context.token.generation === 6
  }
})

describe('P43 a sign-out beats whatever a refresh under way comes to', () => {
  const tombstone: SessionEvent = { type: 'record.signedOut', generation: 9 }
  const outcomes: readonly SessionEvent[] = [
    refused,
    ended,
    failed('server'),
    { type: 'tokens.stored', token: newer, now },
    { type: 'tokens.adopted', token: newer },
    { type: 'tokens.unstored', token: newer },
    { type: 'refresh.paused', rejections: undefined },
    { type: 'refresh.cancelled' },
  ]

  it.each(whileRefreshing)('in every order, at %s', (from) => {
    for (const outcome of outcomes) forEveryOrder({ from, events: [tombstone, outcome] }, isSignedOut)
  })

  function isSignedOut({ state, notices }: DrivenChart) {
    return state === 'signedOut' && notices.filter(({ type }) => type === 'signedOut').length === 1
  }
})

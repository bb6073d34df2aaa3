import { describe, expect, it } from 'vitest'
import {
  type ChartPlace,
  chartPlaces,
  createTokenFacts,
  judgedAt,
  rejection,
  signedInPlaces,
  startChart,
  startChartAt,
} from '../../../../test/support/drive-chart.ts'
import type { SessionInput } from './session-context.ts'
import type { SessionEvent, TokenFacts } from './session-events.ts'
import type { SessionNotice } from './session-notice.ts'

const now = judgedAt.fresh
const origin = 'https://api.example'
const files = 'https://files.example'
const answered = { type: 'request.ended', generation: 5, origin, status: 401, now } as const
const newer = createTokenFacts({ generation: 6, expiresAt: 9_000_000, refreshDueAt: 8_000_000 })
const replaced = createTokenFacts({ ...newer, generation: 7, signInId: 'sign-in-2' })
const refused = { reason: 'grantRejected', endedAt: now, serverCode: 'invalid_grant' } as const
const failure = { retryAt: now + 60_000, now, serverAsked: false, refusedWithoutReason: false }

/** At least one event of every type, with facts that are likely, stale, and odd. */
const events: readonly SessionEvent[] = [
  { type: 'record.signedIn', token: createTokenFacts() },
  { type: 'record.signedIn', token: createTokenFacts({ generation: 4 }) },
  { type: 'record.signedIn', token: newer },
  { type: 'record.signedIn', token: replaced },
  { type: 'record.ended', end: refused, token: createTokenFacts({ refreshable: false }) },
  { type: 'record.ended', end: refused, token: createTokenFacts({ generation: 6, held: false }) },
  { type: 'record.signedOut', generation: 9 },
  { type: 'record.signedOut', generation: 1 },
  { type: 'record.absent', now },
  { type: 'record.unavailable', code: 'storeUnavailable', retryAt: now - 5, now, unreadable: true },
  { type: 'store.changed' },
  { type: 'clock.resumed', now },
  { type: 'clock.resumed', now: Number.NaN },
  { type: 'clock.resumed', now: judgedAt.expired },
  { type: 'network.online', now },
  { type: 'network.offline' },
  { type: 'page.shown', now },
  { type: 'page.hidden' },
  { type: 'token.requested', now, evenIfFresh: false },
  { type: 'token.requested', now: judgedAt.expired, evenIfFresh: true },
  { type: 'refresh.requested', now },
  { type: 'signIn.stored', token: replaced },
  { type: 'signOut.requested' },
  { type: 'signOut.stored', generation: 9 },
  { type: 'signOut.failed', code: 'storeLocked' },
  rejection,
  { ...rejection, generation: 4 },
  {
    ...rejection,
    origin: files,
    rejection: { origin: files, acceptedBefore: true, olderRejected: 4, endedGeneration: 0 },
  },
  { ...answered, outcome: 'rejectedAfterRefresh' },
  { ...answered, outcome: 'accepted', status: 200 },
  { ...answered, outcome: 'stepUpRequired' },
  { ...answered, outcome: 'networkFailed', status: undefined },
  { type: 'lease.acquired' },
  { type: 'intent.written' },
  { type: 'tokens.issued' },
  { type: 'tokens.unstored', token: newer },
  { type: 'tokens.stored', token: newer, now },
  { type: 'tokens.stored', token: { ...newer, retryAt: now + 1000 }, now },
  { type: 'tokens.adopted', token: newer },
  { type: 'refresh.failed', ...failure, code: 'server' },
  { type: 'refresh.failed', ...failure, code: 'offline', retryAt: Number.NaN },
  { type: 'refresh.paused', rejections: { [origin]: { generation: 5, count: 1, pausedUntil: now + 10_000 } } },
  { type: 'refresh.paused', rejections: undefined },
  { type: 'session.ended', end: { ...refused, stored: false }, token: createTokenFacts({ held: false }) },
  { type: 'session.ended', end: refused, token: createTokenFacts({ generation: 4 }) },
  { type: 'refresh.cancelled' },
]

describe.each(['onUse', 'eager'] as const)('with refreshTiming %s', (refreshTiming) => {
  const places = chartPlaces.filter((place) => refreshTiming === 'onUse' || isReachableEagerly(place))

  it.each(places)('no event breaks the chart at %s', (place) => {
    for (const event of events) {
      const chart = startChartAt(place, { refreshTiming })
      chart.send(event)
      expect.soft(chart.actor.getSnapshot().status, JSON.stringify(event)).toBe('active')
      expect.soft([...chartPlaces], JSON.stringify(event)).toContain(chart.state)
    }
  })

  it.each(places.filter((place) => place.includes('/')))('a stale rejection changes nothing at %s', (place) => {
    const chart = startChartAt(place, { refreshTiming })
    const { lastOutcome, ...before } = chart.context
    chart.send({ ...rejection, generation: 4 })
    expect(chart.state).toBe(place)
    // Noted for those who watch the chart, and for nothing else.
    expect(chart.context).toEqual({ ...before, lastOutcome: expect.objectContaining({ generation: 4 }) })
    expect(chart.takeNotices()).toEqual([])
  })
})

describe.each([
  { name: 'on use', input: { refreshTiming: 'onUse' } },
  { name: 'in a page that cannot be seen', input: { refreshTiming: 'eager', visible: false } },
] satisfies { name: string; input: Partial<SessionInput> }[])('$name', ({ input }) => {
  const idlePlaces = chartPlaces.filter((place) => place.endsWith('/ idle'))
  const callers = ['token.requested', 'refresh.requested']

  it.each(idlePlaces)('nothing but a caller starts a refresh at %s', (place) => {
    for (const event of events.filter(({ type }) => !callers.includes(type) && type !== 'page.shown')) {
      const chart = startChartAt(place, input)
      chart.send(event)
      expect.soft(chart.state, JSON.stringify(event)).not.toContain('refreshing')
    }
  })

  it('time alone starts none', async () => {
    const chart = startChartAt('fresh / idle', input)
    await chart.clock.advance(judgedAt.expired)
    expect(chart.state).toBe('expired / idle')
  })
})

/** An eager session does not stay idle with a token that is due. */
function isReachableEagerly(place: ChartPlace): boolean {
  return !['expiring / idle', 'expired / idle', 'rejected / idle'].includes(place)
}

it('says that a token is usable exactly while it is fresh or expiring', () => {
  for (const place of chartPlaces) {
    const isUsable = startChartAt(place).actor.getSnapshot().hasTag('usable')
    expect.soft(isUsable, place).toBe(place.startsWith('fresh') || place.startsWith('expiring'))
  }
})

interface Row {
  readonly from: ChartPlace
  readonly event: SessionEvent
  readonly to: ChartPlace
  readonly says?: readonly Partial<SessionNotice>[]
  readonly because: string
}

const requested = { type: 'token.requested', now, evenIfFresh: false } as const
const signedOut: SessionEvent = { type: 'record.signedOut', generation: 9 }
const ended: SessionEvent = { type: 'record.ended', end: refused, token: createTokenFacts({ refreshable: false }) }
const stored: SessionEvent = { type: 'tokens.stored', token: newer, now }
const failed = { type: 'refresh.failed', code: 'server', ...failure } as const
const paused: SessionEvent = {
  type: 'refresh.paused',
  rejections: { [origin]: { generation: 5, count: 1, pausedUntil: now + 10_000 } },
}

function signedIn(token: TokenFacts): SessionEvent {
  return { type: 'record.signedIn', token }
}

describe('restoring', () => {
  checkRows([
    { from: 'restoring.reading', event: signedIn(newer), to: 'fresh / idle', because: 'a user is signed in' },
    { from: 'restoring.reading', event: signedOut, to: 'signedOut', because: 'the user signed out' },
    {
      from: 'restoring.reading',
      event: { type: 'record.absent', now },
      to: 'signedOut',
      because: 'there never was a sign-in',
    },
    { from: 'restoring.reading', event: ended, to: 'fresh / invalidated', because: 'an old end is not news' },
    { from: 'restoring.reading', event: requested, to: 'restoring.reading', because: 'the store is being asked' },
    {
      from: 'restoring.reading',
      event: { type: 'record.unavailable', code: 'storeLocked', retryAt: now, now, unreadable: false },
      to: 'restoring.unavailable',
      because: 'a locked store is tried again',
    },
    {
      from: 'restoring.reading',
      event: { type: 'record.unavailable', code: 'storeUnavailable', retryAt: now, now, unreadable: true },
      to: 'restoring.unavailable',
      says: [{ type: 'recordUnreadable' }],
      because: 'what is there is not a record',
    },
    {
      from: 'restoring.unavailable',
      event: { ...requested, now: now + 999 },
      to: 'restoring.unavailable',
      because: 'it is 1 ms before the retry is due',
    },
    {
      from: 'restoring.unavailable',
      event: { ...requested, now: now + 1000 },
      to: 'restoring.reading',
      because: 'the retry is due at exactly its time',
    },
    {
      from: 'restoring.unavailable',
      event: { type: 'refresh.requested', now },
      to: 'restoring.reading',
      because: 'the app says now',
    },
    {
      from: 'restoring.unavailable',
      event: { type: 'store.changed' },
      to: 'restoring.reading',
      because: 'the store hints',
    },
    {
      from: 'restoring.unavailable',
      event: { type: 'signIn.stored', token: replaced },
      to: 'fresh / idle',
      says: [{ type: 'signedIn', generation: 7 }],
      because: 'a sign-in needs no restoring',
    },
  ])
})

describe('the token', () => {
  it.each([
    { at: 1_999_999, token: 'fresh', because: '1 ms early' },
    { at: 2_000_000, token: 'expiring', because: 'it is due at exactly its margin' },
    { at: 2_999_999, token: 'expiring', because: '1 ms early' },
    { at: 3_000_000, token: 'expired', because: 'it expires at exactly its expiry' },
  ])('is $token at $at, when it comes and after a sleep: $because', ({ at, token }) => {
    const chart = startChart({}, at)
    chart.send(signedIn(createTokenFacts()))
    expect(chart.state).toBe(`${token} / idle`)
    const asleep = startChartAt('fresh / idle')
    asleep.clock.sleep(at - now)
    asleep.send({ type: 'clock.resumed', now: at })
    expect(asleep.state).toBe(`${token} / idle`)
  })

  it('is compared with the clock at least every four minutes: timers stop while a device sleeps', async () => {
    const chart = startChartAt('fresh / idle')
    await chart.clock.advance(4 * 60_000 - 1)
    expect(chart.context.judgedAt).toBe(now)
    await chart.clock.advance(1)
    expect(chart.context.judgedAt).toBe(now + 4 * 60_000)
  })

  checkRows([
    { from: 'fresh / idle', event: rejection, to: 'rejected / idle', because: 'on use, no caller has asked yet' },
    { from: 'expiring / idle', event: rejection, to: 'rejected / idle', because: 'a rejection counts there too' },
    {
      from: 'fresh / invalidated',
      event: rejection,
      to: 'rejected / invalidated',
      because: 'nothing can be done about it',
    },
    {
      from: 'fresh / refreshing.requestingTokens',
      event: rejection,
      to: 'rejected / refreshing.requestingTokens',
      because: 'a refresh is under way already',
    },
    {
      from: 'rejected / idle',
      event: signedIn(newer),
      to: 'fresh / idle',
      says: [{ type: 'adopted', generation: 6 }],
      because: 'another holder has newer ones',
    },
    { from: 'fresh / idle', event: signedIn(createTokenFacts()), to: 'fresh / idle', because: 'that is what we have' },
    {
      from: 'fresh / idle',
      event: signedIn(createTokenFacts({ generation: 4 })),
      to: 'fresh / idle',
      because: 'that is older',
    },
    {
      from: 'fresh / idle',
      event: signedIn(replaced),
      to: 'fresh / idle',
      says: [{ type: 'signedIn', generation: 7 }],
      because: 'another holder signed in anew',
    },
  ])
})

describe('refreshing', () => {
  const from = 'expired / refreshing.storing'
  const unusable = { ...newer, expiresAt: judgedAt.expired, retryAt: judgedAt.expired + 500 }
  checkRows([
    { from: 'fresh / idle', event: requested, to: 'fresh / idle', because: 'a fresh token needs no refresh' },
    {
      from: 'fresh / idle',
      event: { ...requested, evenIfFresh: true },
      to: 'fresh / refreshing.waitingForLease',
      because: 'it does not last long enough',
    },
    {
      from: 'rejected / idle',
      event: requested,
      to: 'rejected / refreshing.waitingForLease',
      because: 'the one there is was rejected',
    },
    {
      from: 'fresh / idle',
      event: { type: 'refresh.requested', now },
      to: 'fresh / refreshing.waitingForLease',
      because: 'the app says so, and the fresh token is served meanwhile',
    },
    { from, event: stored, to: 'fresh / idle', says: [{ type: 'refreshed', generation: 6 }], because: 'it is done' },
    {
      from,
      event: { type: 'tokens.stored', token: unusable, now: judgedAt.expired },
      to: 'expired / transientFailure.backingOff',
      says: [{ type: 'refreshFailed', code: 'tokenUnusable', retryAt: judgedAt.expired + 500 }],
      because: 'tokens that are unusable on arrival must not loop',
    },
    {
      from: 'expired / refreshing.waitingForLease',
      event: { type: 'tokens.adopted', token: newer },
      to: 'fresh / idle',
      says: [{ type: 'adopted', generation: 6 }],
      because: 'another holder was quicker',
    },
    {
      from,
      event: { type: 'tokens.unstored', token: newer },
      to: 'fresh / refreshing.storing',
      says: [{ type: 'unstored', generation: 6 }],
      because: 'new tokens are served before they can be stored',
    },
    {
      from: 'fresh / refreshing.requestingTokens',
      event: failed,
      to: 'fresh / transientFailure.backingOff',
      says: [{ type: 'refreshFailed', code: 'server', retryAt: now + 60_000 }],
      because: 'a failure that passes leaves the token as it is',
    },
    {
      from: 'fresh / refreshing.rereading',
      event: { ...failed, code: 'offline' },
      to: 'fresh / transientFailure.offline',
      says: [{ type: 'refreshFailed', code: 'offline' }],
      because: 'there is no network',
    },
    {
      from: 'fresh / refreshing.requestingTokens',
      event: { type: 'session.ended', end: refused, token: createTokenFacts({ refreshable: false }) },
      to: 'fresh / invalidated',
      says: [{ type: 'ended', reason: 'grantRejected', serverCode: 'invalid_grant' } as Partial<SessionNotice>],
      because: 'it is over, and what is left of the token is served',
    },
    {
      from: 'fresh / refreshing.requestingTokens',
      event: { type: 'session.ended', end: { ...refused, stored: false }, token: createTokenFacts() },
      to: 'fresh / invalidated',
      says: [{ type: 'ended' }, { type: 'endNotStored', reason: 'grantRejected' } as Partial<SessionNotice>],
      because: 'the store could not be told',
    },
    {
      from: 'fresh / refreshing.requestingTokens',
      event: { type: 'session.ended', end: refused, token: createTokenFacts({ generation: 4 }) },
      to: 'fresh / idle',
      because: 'there are newer tokens than those that were refused',
    },
    {
      from: 'rejected / refreshing.rereading',
      event: paused,
      to: 'fresh / idle',
      says: [{ type: 'rejectedAfterRefresh', origin, generation: 5, status: 401 } as Partial<SessionNotice>],
      because: 'new tokens do not help at that origin; the others are served again',
    },
    {
      from: 'expired / refreshing.rereading',
      event: paused,
      to: 'expired / idle',
      because: 'the next caller causes a refresh that is due',
    },
    {
      from: 'fresh / refreshing.waitingForLease',
      event: { type: 'refresh.cancelled' },
      to: 'fresh / idle',
      because: 'no caller is interested any more',
    },
    {
      from: 'fresh / refreshing.waitingForLease',
      event: { type: 'refresh.requested', now },
      to: 'fresh / refreshing.waitingForLease',
      because: 'it is joined',
    },
    {
      from: 'fresh / refreshing.storing',
      event: signedOut,
      to: 'signedOut',
      says: [{ type: 'signedOut' }],
      because: 'P43 a sign-out wins',
    },
    {
      from: 'fresh / refreshing.storing',
      event: { type: 'signOut.requested' },
      to: 'signingOut',
      because: 'P43 a sign-out wins',
    },
    {
      from: 'fresh / refreshing.requestingTokens',
      event: { type: 'signIn.stored', token: replaced },
      to: 'fresh / idle',
      says: [{ type: 'signedIn', generation: 7 }],
      because: 'P43 a sign-in wins',
    },
  ])

  it('starts by the clock, whatever the chart thought last', () => {
    const chart = startChartAt('fresh / idle')
    chart.clock.sleep(judgedAt.expiring - now - 1)
    chart.send({ ...requested, now: judgedAt.expiring - 1 })
    expect(chart.state).toBe('fresh / idle')
    chart.clock.sleep(1)
    chart.send({ ...requested, now: judgedAt.expiring })
    expect(chart.state).toBe('expiring / refreshing.waitingForLease')
  })

  it('starts of itself where it is eager: when due, and when the token is rejected', async () => {
    const chart = startChartAt('fresh / idle', { refreshTiming: 'eager' })
    await chart.clock.advance(judgedAt.expiring - now - 1)
    expect(chart.state).toBe('fresh / idle')
    await chart.clock.advance(1)
    expect(chart.state).toBe('expiring / refreshing.waitingForLease')
    const rejected = startChartAt('fresh / idle', { refreshTiming: 'eager' })
    rejected.send(rejection)
    expect(rejected.state).toBe('rejected / refreshing.waitingForLease')
    rejected.send({ type: 'lease.acquired' }, paused)
    expect(rejected.state).toBe('fresh / idle')
  })

  it('starts of itself in a hidden page, too, where it is always to', async () => {
    const chart = startChartAt('fresh / idle', { refreshTiming: 'always', visible: false })
    await chart.clock.advance(judgedAt.expiring - now)
    expect(chart.state).toBe('expiring / refreshing.waitingForLease')
    chart.send({ ...failed, now: judgedAt.expiring, retryAt: judgedAt.expiring + 60_000 })
    await chart.clock.advance(60_000)
    expect(chart.state).toBe('expiring / refreshing.waitingForLease')
  })

  it('starts of itself when a page is shown in which it is due, and not in one that is hidden', async () => {
    const chart = startChartAt('fresh / idle', { refreshTiming: 'eager', visible: false })
    await chart.clock.advance(judgedAt.expiring - now)
    expect(chart.state).toBe('expiring / idle')
    chart.send({ type: 'page.shown', now: judgedAt.expiring })
    expect(chart.state).toBe('expiring / refreshing.waitingForLease')
  })
})

describe('after a failure that passes', () => {
  const from = 'expired / transientFailure.backingOff'
  const later = now + 60_000
  checkRows([
    {
      from,
      event: { ...requested, evenIfFresh: true, now: later - 1 },
      to: from,
      because: 'it is 1 ms before the retry is due',
    },
    {
      from,
      event: { ...requested, evenIfFresh: true, now: later },
      to: 'expired / refreshing.waitingForLease',
      because: 'the retry is due at exactly its time',
    },
    {
      from,
      event: { ...requested, now: judgedAt.expired },
      to: 'expired / refreshing.waitingForLease',
      because: 'the token has expired',
    },
    {
      from: 'fresh / transientFailure.backingOff',
      event: { ...requested, now: later },
      to: 'fresh / transientFailure.backingOff',
      because: 'a fresh token needs no refresh',
    },
    {
      from,
      event: { type: 'refresh.requested', now },
      to: 'expired / refreshing.waitingForLease',
      because: 'the app leaves our own backoff',
    },
    {
      from,
      event: signedIn(newer),
      to: 'fresh / idle',
      says: [{ type: 'adopted' }, { type: 'recovered' }],
      because: 'another holder succeeded',
    },
    {
      from,
      event: signedIn(replaced),
      to: 'fresh / idle',
      says: [{ type: 'signedIn' }],
      because: 'a user signed in anew',
    },
    {
      from,
      event: ended,
      to: 'expired / invalidated',
      says: [{ type: 'ended' }],
      because: 'another holder was refused for good',
    },
    {
      from: 'expired / transientFailure.offline',
      event: { type: 'network.online', now },
      to: 'expired / idle',
      because: 'the next caller will try',
    },
  ])

  it("an explicit refresh does not leave a server's cooldown before its time", () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    chart.send({ ...failed, code: 'throttled', serverAsked: true })
    chart.send({ type: 'refresh.requested', now: later - 1 })
    expect(chart.state).toBe('fresh / transientFailure.backingOff')
    chart.send({ type: 'refresh.requested', now: later })
    expect(chart.state).toBe('fresh / refreshing.waitingForLease')
  })

  it.each([{ event: { type: 'clock.resumed', now } as const }, { event: { type: 'network.online', now } as const }])(
    '$event.type refreshes an eager session at once, and never in a cooldown',
    ({ event }) => {
      const own = startChartAt('fresh / refreshing.requestingTokens', { refreshTiming: 'eager' })
      own.send(failed, event)
      expect(own.state).toBe('fresh / refreshing.waitingForLease')
      const asked = startChartAt('fresh / refreshing.requestingTokens', { refreshTiming: 'eager' })
      asked.send({ ...failed, serverAsked: true }, event)
      expect(asked.state).toBe('fresh / transientFailure.backingOff')
    },
  )

  it.each([{ event: { type: 'clock.resumed', now } as const }, { event: { type: 'network.online', now } as const }])(
    'P38 $event.type leaves our own backoff of a session on use, and never a cooldown',
    ({ event }) => {
      const own = startChartAt('fresh / refreshing.requestingTokens')
      own.send(failed, event, { ...requested, evenIfFresh: true })
      expect(own.state).toBe('fresh / refreshing.waitingForLease')
      const asked = startChartAt('fresh / refreshing.requestingTokens')
      asked.send({ ...failed, serverAsked: true }, event)
      expect(asked.context.failure).toMatchObject({ retryAt: later, serverAsked: true })
      asked.send({ ...requested, evenIfFresh: true })
      expect(asked.state).toBe('fresh / transientFailure.backingOff')
    },
  )

  it('an eager session tries again by itself at exactly the time of the retry', async () => {
    const chart = startChartAt('fresh / transientFailure.backingOff', { refreshTiming: 'eager' })
    await chart.clock.advance(59_999)
    expect(chart.state).toBe('fresh / transientFailure.backingOff')
    await chart.clock.advance(1)
    expect(chart.state).toBe('fresh / refreshing.waitingForLease')
  })

  it('a mending that found no network leaves the session over when the network is back', () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    const end = { reason: 'clientRejected', endedAt: now } as const
    chart.send({ type: 'session.ended', end, token: createTokenFacts() }, { type: 'refresh.requested', now })
    chart.send({ ...failed, code: 'offline' }, { type: 'network.online', now })
    expect(chart.state).toBe('fresh / invalidated')
    expect(chart.context).toMatchObject({ end, failure: undefined })
  })
})

describe('the end', () => {
  checkRows([
    {
      from: 'fresh / idle',
      event: ended,
      to: 'fresh / invalidated',
      says: [{ type: 'ended' }],
      because: 'another holder was refused for good',
    },
    {
      from: 'fresh / idle',
      event: { ...ended, token: createTokenFacts({ generation: 4 }) },
      to: 'fresh / idle',
      because: 'that was the end of an older token',
    },
    {
      from: 'fresh / idle',
      event: { type: 'record.absent', now },
      to: 'expired / invalidated',
      says: [{ type: 'ended', reason: 'recordRemoved' } as Partial<SessionNotice>],
      because: 'the record is gone',
    },
    {
      from: 'fresh / invalidated',
      event: { type: 'refresh.requested', now },
      to: 'fresh / invalidated',
      because: 'P39 the grant is dead',
    },
    {
      from: 'expired / invalidated',
      event: { ...requested, now: judgedAt.expired },
      to: 'expired / invalidated',
      because: 'P39 the grant is dead',
    },
    {
      from: 'expired / invalidated',
      event: signedIn(replaced),
      to: 'fresh / idle',
      says: [{ type: 'signedIn', generation: 7 }],
      because: 'P43 a new sign-in clears it',
    },
    {
      from: 'expired / invalidated',
      event: signedIn(newer),
      to: 'fresh / idle',
      says: [{ type: 'adopted', generation: 6 }, { type: 'recovered' }],
      because: 'another holder was not refused after all',
    },
    {
      from: 'expired / invalidated',
      event: signedIn(createTokenFacts()),
      to: 'expired / invalidated',
      because: 'an old record revives nothing',
    },
    {
      from: 'expired / invalidated',
      event: { type: 'signOut.requested' },
      to: 'signingOut',
      because: 'what is left can be signed out',
    },
  ])

  it.each([
    { reason: 'clientRejected', refreshable: true },
    { reason: 'clientRejected', refreshable: false },
    { reason: 'unreachable', refreshable: true },
    // The refresh token was kept: the server said no to something else.
    { reason: 'grantRejected', refreshable: true },
    { reason: 'requestRejected', refreshable: true },
  ] as const)('$reason (refreshable: $refreshable) may have been mended: an explicit refresh tries', (row) => {
    const { reason, refreshable } = row
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    chart.send({ type: 'session.ended', end: { reason, endedAt: now }, token: createTokenFacts({ refreshable }) })
    chart.send({ ...requested, evenIfFresh: true })
    expect(chart.state).toBe('fresh / invalidated')
    chart.send({ type: 'refresh.requested', now })
    expect(chart.state).toBe('fresh / refreshing.waitingForLease')
    chart.send(stored)
    expect(chart.context.end).toBeUndefined()
    expect(chart.takeNotices()).toMatchObject([{ type: 'ended', reason }, { type: 'refreshed' }, { type: 'recovered' }])
  })

  it.each([
    { reason: 'rotationLost', refreshable: true },
    { reason: 'identityMismatch', refreshable: true },
    { reason: 'grantRejected', refreshable: false },
    { reason: 'requestRejected', refreshable: false },
    { reason: 'noRefreshToken', refreshable: false },
    { reason: 'recordRemoved', refreshable: false },
  ] as const)('P39 $reason (refreshable: $refreshable) is final: an explicit refresh changes nothing', (row) => {
    const { reason, refreshable } = row
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    chart.send({ type: 'session.ended', end: { reason, endedAt: now }, token: createTokenFacts({ refreshable }) })
    chart.send({ type: 'refresh.requested', now })
    expect(chart.state).toBe('fresh / invalidated')
  })

  it('is forgotten with tokens that are unusable on arrival, for the grant lives', () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    const end = { reason: 'clientRejected', endedAt: now } as const
    chart.send({ type: 'session.ended', end, token: createTokenFacts() })
    chart.send({ type: 'refresh.requested', now })
    chart.send({ type: 'tokens.stored', token: { ...newer, retryAt: now + 500 }, now })
    expect(chart.state).toBe('fresh / transientFailure.backingOff')
    expect(chart.context.end).toBeUndefined()
  })
})

describe('signing out', () => {
  const revived = signedIn(createTokenFacts({ generation: 10 }))
  checkRows([
    {
      from: 'signingOut',
      event: { type: 'signOut.stored', generation: 9 },
      to: 'signedOut',
      says: [{ type: 'signedOut' }],
      because: 'the store is told',
    },
    {
      from: 'signingOut',
      event: { type: 'signOut.failed', code: 'storeLocked' },
      to: 'signedOut',
      says: [{ type: 'signedOut' }],
      because: 'here it holds all the same',
    },
    { from: 'signingOut', event: signedIn(newer), to: 'signingOut', because: 'P43 nothing revives it' },
    {
      from: 'signedOut',
      event: { type: 'refresh.requested', now },
      to: 'signedOut',
      because: 'P44 no user is signed in',
    },
    {
      from: 'signedOut',
      event: { ...requested, evenIfFresh: true },
      to: 'signedOut',
      because: 'P44 no user is signed in',
    },
    {
      from: 'signedOut',
      event: { type: 'signOut.requested' },
      to: 'signingOut',
      because: 'the store may not have been told',
    },
    {
      from: 'signedOut',
      event: signedIn(replaced),
      to: 'fresh / idle',
      says: [{ type: 'signedIn' }],
      because: 'a user signed in',
    },
  ])

  it('P43 is not undone by tokens of the sign-in that was signed out, however new', () => {
    for (const place of signedInPlaces) {
      const chart = startChartAt(place)
      chart.send({ type: 'signOut.requested' }, { type: 'signOut.stored', generation: 9 }, revived, stored, ended)
      expect.soft(chart.state, place).toBe('signedOut')
    }
  })

  it('leaves nothing of the session behind in the chart', () => {
    for (const place of signedInPlaces) {
      const chart = startChartAt(place)
      chart.send({ type: 'signOut.requested' }, { type: 'signOut.stored', generation: 9 })
      expect
        .soft(chart.context, place)
        .toMatchObject({ failure: undefined, failures: 0, end: undefined, unstored: false })
      expect.soft(chart.context.token, place).toMatchObject({ generation: 9, held: false, refreshable: false })
    }
  })
})

function checkRows(rows: readonly Row[]) {
  it.each(rows)('$from goes on $event.type to $to: $because', ({ from, event, to, says = [] }) => {
    const chart = startChartAt(from)
    chart.send(event)
    expect(chart.state).toBe(to)
    expect(chart.takeNotices()).toMatchObject(says)
  })
}

describe('where the grant signs in by itself', () => {
  const first = createTokenFacts({ refreshable: true })
  const absent: SessionEvent = { type: 'record.absent', now }

  function start(input: Partial<SessionInput> = {}, ...sent: SessionEvent[]) {
    const chart = startChart({ signsIn: true, ...input })
    chart.send(...sent)
    return chart
  }

  it('no token is had before it is asked for', async () => {
    const chart = start({}, absent)
    await chart.clock.advance(3_600_000)
    expect(chart.state).toBe('signedOut')
    expect(chart.takeNotices()).toEqual([])
    chart.send({ ...requested, now: chart.clock.now() })
    expect(chart.state).toBe('expired / refreshing.waitingForLease')
    chart.send({ type: 'tokens.stored', token: { ...first, expiresAt: 9_000_000, refreshDueAt: 8_000_000 }, now })
    expect(chart.state).toBe('fresh / idle')
    expect(chart.takeNotices()).toMatchObject([{ type: 'refreshed', generation: 5 }])
  })

  it.each([
    { name: 'an explicit refresh', input: {}, sent: [absent, { type: 'refresh.requested', now }] },
    { name: 'an eager session', input: { refreshTiming: 'eager' }, sent: [absent] },
  ] satisfies { name: string; sent: SessionEvent[]; input: Partial<SessionInput> }[])(
    '$name asks for it',
    ({ input, sent }) => {
      const chart = start(input, ...sent)
      expect(chart.state).toBe('expired / refreshing.waitingForLease')
    },
  )

  it('an eager session in a page that cannot be seen does not', () => {
    expect(start({ refreshTiming: 'eager', visible: false }, absent).state).toBe('signedOut')
  })

  it('P43 only an explicit refresh undoes a sign-out', () => {
    for (const refreshTiming of ['onUse', 'eager'] as const) {
      const chart = start({ refreshTiming }, signedOut, requested, { type: 'store.changed' })
      expect(chart.state).toBe('signedOut')
      chart.send({ type: 'refresh.requested', now })
      expect(chart.state).toBe('expired / refreshing.waitingForLease')
    }
  })

  it('P53 a sign-out that the store could not be told holds here', () => {
    const token = createTokenFacts({ ...first, expiresAt: 9_000_000, refreshDueAt: 8_000_000 })
    for (const refreshTiming of ['onUse', 'eager'] as const) {
      const chart = start({ refreshTiming }, signedIn(token), { type: 'signOut.requested' })
      chart.send({ type: 'signOut.failed', code: 'storeLocked' }, requested, signedIn(token))
      expect(chart.state).toBe('signedOut')
      // Nor is it undone by a record that is gone.
      chart.send(absent, requested)
      expect(chart.state).toBe('signedOut')
      expect(chart.takeNotices()).toEqual([{ type: 'signedOut' }])
    }
  })

  it('the first refresh is not ended by the record that is not there yet', () => {
    for (const refreshTiming of ['onUse', 'eager'] as const) {
      const chart = start({ refreshTiming }, absent, requested, absent)
      expect(chart.state).toBe('expired / refreshing.waitingForLease')
      chart.send(failed, absent)
      expect(chart.state).toBe('expired / transientFailure.backingOff')
      expect(chart.takeNotices().map(({ type }) => type)).toEqual(['refreshFailed'])
    }
  })

  it('a refresh under way writes the record that is gone, and its token is served meanwhile', () => {
    const chart = start({}, signedIn(first), { type: 'refresh.requested', now }, absent)
    expect(chart.state).toBe('fresh / refreshing.waitingForLease')
  })

  it('a record that is gone is not an end: the next caller has it written again', () => {
    const chart = start({}, signedIn(first), absent)
    expect(chart.state).toBe('signedOut')
    chart.send(requested)
    expect(chart.state).toBe('expired / refreshing.waitingForLease')
    expect(chart.takeNotices()).toEqual([])
  })

  it('P43 a sign-out that its own refresh found counts, though its tokens have a higher generation', () => {
    const chart = start({}, absent, requested)
    const token = { ...first, expiresAt: 9_000_000, refreshDueAt: 8_000_000 }
    chart.send({ type: 'lease.acquired' }, { type: 'tokens.unstored', token })
    expect(chart.state).toBe('fresh / refreshing.rereading')
    // A look may have been from before this session began anew.
    chart.send({ type: 'record.signedOut', generation: 5 })
    expect(chart.state).toBe('fresh / refreshing.rereading')
    chart.send({ type: 'record.signedOut', generation: 5, underLease: true }, requested)
    expect(chart.state).toBe('signedOut')
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['unstored', 'signedOut'])
  })

  it.each(['grantRejected', 'requestRejected', 'clientRejected', 'identityMismatch'] as const)(
    '%s may have been mended: an explicit refresh tries',
    (reason) => {
      const chart = start({}, signedIn(first), { type: 'refresh.requested', now })
      const token = createTokenFacts({ held: false, refreshable: false })
      chart.send({ type: 'session.ended', end: { reason, endedAt: now }, token }, requested)
      expect(chart.state).toBe('expired / invalidated')
      chart.send({ type: 'refresh.requested', now })
      expect(chart.state).toBe('expired / refreshing.waitingForLease')
    },
  )
})

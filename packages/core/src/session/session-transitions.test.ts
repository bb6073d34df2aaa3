import { describe, expect, it } from 'vitest'
import {
  type ChartPlace,
  chartPlaces,
  createTokenFacts,
  judgedAt,
  signedInPlaces,
  startChartAt,
} from '../../../../test/support/drive-chart.ts'
import type { SessionEvent, TokenFacts } from './session-events.ts'
import type { SessionNotice } from './session-notices.ts'

const now = judgedAt.fresh
const origin = 'https://api.example'
const request = { generation: 5, origin, status: 401 }
const newer = createTokenFacts({ generation: 6, expiresAt: 9_000_000, refreshDueAt: 8_000_000 })
const replaced = createTokenFacts({ generation: 7, signInId: 'sign-in-2' })
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
  { type: 'clock.read', now },
  { type: 'clock.read', now: Number.NaN },
  { type: 'clock.resumed', now: judgedAt.expired },
  { type: 'network.online', now },
  { type: 'network.offline' },
  { type: 'token.requested', now, evenIfFresh: false },
  { type: 'token.requested', now: judgedAt.expired, evenIfFresh: true },
  { type: 'refresh.requested', now },
  { type: 'signIn.stored', token: replaced },
  { type: 'signOut.requested' },
  { type: 'signOut.stored', generation: 9 },
  { type: 'signOut.failed', code: 'storeLocked' },
  { type: 'token.rejected', now, ...request },
  { type: 'token.rejected', now, ...request, generation: 4 },
  { type: 'request.accepted', ...request, status: 200 },
  { type: 'request.rejectedAfterRefresh', ...request },
  { type: 'request.stepUpRequired', ...request },
  { type: 'request.networkFailed', generation: 5, origin },
  { type: 'lease.acquired' },
  { type: 'intent.written' },
  { type: 'tokens.issued' },
  { type: 'tokens.unstored', token: newer },
  { type: 'tokens.stored', token: newer, now },
  { type: 'tokens.stored', token: { ...newer, retryAt: now + 1000 }, now },
  { type: 'tokens.adopted', token: newer },
  { type: 'refresh.failed', ...failure, code: 'server' },
  { type: 'refresh.failed', ...failure, code: 'offline', retryAt: Number.NaN },
  { type: 'refresh.refused', end: refused, token: createTokenFacts({ held: false }), stored: false },
  { type: 'refresh.cancelled' },
  { type: 'revocation.failed' },
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
    const before = chart.actor.getSnapshot()
    chart.send({ type: 'token.rejected', now, generation: 4, origin, status: 401 })
    expect(chart.actor.getSnapshot()).toBe(before)
    expect(chart.takeNotices()).toEqual([])
  })

  it('no refresh starts of itself while the token is being judged', () => {
    const callers = ['token.requested', 'refresh.requested', 'clock.read']
    for (const event of events.filter(({ type }) => !callers.includes(type))) {
      const chart = startChartAt('judging / idle', { refreshTiming })
      chart.send(event)
      expect.soft(chart.state, JSON.stringify(event)).not.toContain('refreshing')
    }
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
const rejected: SessionEvent = { type: 'token.rejected', now, ...request }
const signedOut: SessionEvent = { type: 'record.signedOut', generation: 9 }
const ended: SessionEvent = { type: 'record.ended', end: refused, token: createTokenFacts({ refreshable: false }) }
const stored: SessionEvent = { type: 'tokens.stored', token: newer, now }
const failed = { type: 'refresh.failed', code: 'server', ...failure } as const

function signedIn(token: TokenFacts): SessionEvent {
  return { type: 'record.signedIn', token }
}

describe('restoring', () => {
  checkRows([
    { from: 'restoring.reading', event: signedIn(newer), to: 'judging / idle', because: 'somebody is signed in' },
    { from: 'restoring.reading', event: signedOut, to: 'signedOut', because: 'somebody signed out' },
    { from: 'restoring.reading', event: { type: 'record.absent', now }, to: 'signedOut', because: 'nobody ever was' },
    { from: 'restoring.reading', event: ended, to: 'judging / invalidated', because: 'an old end is no news' },
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
      because: 'what is there is no record',
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
      to: 'judging / idle',
      says: [{ type: 'signedIn', generation: 7 }],
      because: 'a sign-in needs no restoring',
    },
  ])
})

describe('the token', () => {
  checkRows([
    {
      from: 'judging / idle',
      event: { type: 'clock.read', now: 1_999_999 },
      to: 'fresh / idle',
      because: '1 ms early',
    },
    {
      from: 'judging / idle',
      event: { type: 'clock.read', now: 2_000_000 },
      to: 'expiring / idle',
      because: 'it is due at exactly its margin',
    },
    {
      from: 'judging / idle',
      event: { type: 'clock.read', now: 3_000_000 },
      to: 'expired / idle',
      because: 'it expires at exactly its expiry',
    },
    { from: 'fresh / idle', event: rejected, to: 'rejected / idle', because: 'on use, nobody has asked yet' },
    { from: 'expiring / idle', event: rejected, to: 'rejected / idle', because: 'a rejection counts there too' },
    {
      from: 'fresh / invalidated',
      event: rejected,
      to: 'rejected / invalidated',
      because: 'nothing can be done about it',
    },
    {
      from: 'fresh / refreshing.requestingTokens',
      event: rejected,
      to: 'rejected / refreshing.requestingTokens',
      because: 'a refresh is under way already',
    },
    {
      from: 'rejected / idle',
      event: signedIn(newer),
      to: 'judging / idle',
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
      to: 'judging / idle',
      says: [{ type: 'signedIn', generation: 7 }],
      because: 'another holder signed in anew',
    },
  ])
})

describe('refreshing', () => {
  const from = 'judging / refreshing.storing'
  checkRows([
    { from: 'fresh / idle', event: requested, to: 'judging / idle', because: 'a fresh token needs no refresh' },
    {
      from: 'fresh / idle',
      event: { ...requested, evenIfFresh: true },
      to: 'judging / refreshing.waitingForLease',
      because: 'it does not last long enough',
    },
    {
      from: 'fresh / idle',
      event: { ...requested, now: judgedAt.expiring },
      to: 'judging / refreshing.waitingForLease',
      because: 'it is due by the clock, whatever the chart thought last',
    },
    {
      from: 'rejected / idle',
      event: requested,
      to: 'judging / refreshing.waitingForLease',
      because: 'the one there is was refused',
    },
    {
      from: 'fresh / idle',
      event: { type: 'refresh.requested', now },
      to: 'fresh / refreshing.waitingForLease',
      because: 'the app says so, and the fresh token is served meanwhile',
    },
    { from, event: stored, to: 'judging / idle', says: [{ type: 'refreshed', generation: 6 }], because: 'it is done' },
    {
      from,
      event: { type: 'tokens.stored', token: { ...newer, retryAt: now + 500 }, now },
      to: 'judging / transientFailure.backingOff',
      says: [{ type: 'refreshFailed', code: 'tokenUnusable', retryAt: now + 500 }],
      because: 'tokens that are unusable on arrival must not loop',
    },
    {
      from: 'expired / refreshing.waitingForLease',
      event: { type: 'tokens.adopted', token: newer },
      to: 'judging / idle',
      says: [{ type: 'adopted', generation: 6 }],
      because: 'somebody was quicker',
    },
    {
      from,
      event: { type: 'tokens.unstored', token: newer },
      to: from,
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
      event: { type: 'refresh.refused', end: refused, token: createTokenFacts({ refreshable: false }), stored: true },
      to: 'judging / invalidated',
      says: [{ type: 'ended', reason: 'grantRejected', serverCode: 'invalid_grant' } as Partial<SessionNotice>],
      because: 'it is over, and what is left of the token is served',
    },
    {
      from: 'fresh / refreshing.requestingTokens',
      event: { type: 'refresh.refused', end: refused, token: createTokenFacts(), stored: false },
      to: 'judging / invalidated',
      says: [{ type: 'ended' }, { type: 'endNotStored', reason: 'grantRejected' } as Partial<SessionNotice>],
      because: 'the store could not be told',
    },
    {
      from: 'fresh / refreshing.waitingForLease',
      event: { type: 'refresh.cancelled' },
      to: 'fresh / idle',
      because: 'nobody is interested',
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
      to: 'judging / idle',
      says: [{ type: 'signedIn', generation: 7 }],
      because: 'P43 a sign-in wins',
    },
  ])
})

describe('after a failure that passes', () => {
  const from = 'expired / transientFailure.backingOff'
  const later = now + 60_000
  checkRows([
    {
      from,
      event: { ...requested, now: later - 1 },
      to: 'judging / transientFailure.backingOff',
      because: 'it is 1 ms before the retry is due',
    },
    {
      from: 'expired / transientFailure.backingOff',
      event: { ...requested, now: judgedAt.expired },
      to: 'judging / refreshing.waitingForLease',
      because: 'the retry is due',
    },
    {
      from: 'fresh / transientFailure.backingOff',
      event: { ...requested, now: later },
      to: 'judging / transientFailure.backingOff',
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
      to: 'judging / idle',
      says: [{ type: 'adopted' }, { type: 'recovered' }],
      because: 'another holder succeeded',
    },
    {
      from,
      event: signedIn(replaced),
      to: 'judging / idle',
      says: [{ type: 'signedIn' }],
      because: 'somebody signed in anew',
    },
    {
      from,
      event: ended,
      to: 'judging / invalidated',
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

  it.each([
    { event: { type: 'clock.resumed', now } as const, token: 'judging' },
    { event: { type: 'network.online', now } as const, token: 'fresh' },
  ])('$event.type refreshes an eager session at once, and never in a cooldown', ({ event, token }) => {
    const own = startChartAt('fresh / refreshing.requestingTokens', { refreshTiming: 'eager' })
    own.send(failed, event)
    expect(own.state).toBe(`${token} / refreshing.waitingForLease`)
    const asked = startChartAt('fresh / refreshing.requestingTokens', { refreshTiming: 'eager' })
    asked.send({ ...failed, serverAsked: true }, event)
    expect(asked.state).toBe(`${token} / transientFailure.backingOff`)
  })
})

describe('the end', () => {
  checkRows([
    {
      from: 'fresh / idle',
      event: ended,
      to: 'judging / invalidated',
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
      to: 'judging / invalidated',
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
      to: 'judging / invalidated',
      because: 'P39 the grant is dead',
    },
    {
      from: 'expired / invalidated',
      event: signedIn(replaced),
      to: 'judging / idle',
      says: [{ type: 'signedIn', generation: 7 }],
      because: 'P43 a new sign-in clears it',
    },
    {
      from: 'expired / invalidated',
      event: signedIn(newer),
      to: 'judging / idle',
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

  it.each(['clientRejected', 'unreachable'] as const)(
    '%s may have been mended: an explicit refresh tries',
    (reason) => {
      const chart = startChartAt('fresh / refreshing.requestingTokens')
      chart.send({ type: 'refresh.refused', end: { reason, endedAt: now }, token: createTokenFacts(), stored: true })
      chart.send({ type: 'refresh.requested', now })
      expect(chart.state).toBe('judging / refreshing.waitingForLease')
      chart.send(stored)
      expect(chart.context.end).toBeUndefined()
      expect(chart.takeNotices()).toMatchObject([
        { type: 'ended', reason },
        { type: 'refreshed' },
        { type: 'recovered' },
      ])
    },
  )

  it('is forgotten with tokens that are unusable on arrival, for the grant lives', () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    const end = { reason: 'clientRejected', endedAt: now } as const
    chart.send({ type: 'refresh.refused', end, token: createTokenFacts(), stored: true })
    chart.send({ type: 'refresh.requested', now })
    chart.send({ type: 'tokens.stored', token: { ...newer, retryAt: now + 500 }, now })
    expect(chart.state).toBe('judging / transientFailure.backingOff')
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
      because: 'P44 nobody is signed in',
    },
    {
      from: 'signedOut',
      event: { ...requested, evenIfFresh: true },
      to: 'signedOut',
      because: 'P44 nobody is signed in',
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
      to: 'judging / idle',
      says: [{ type: 'signedIn' }],
      because: 'somebody signed in',
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

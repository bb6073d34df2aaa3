import { describe, expect, it } from 'vitest'
import {
  createTokenFacts,
  judgedAt,
  rejection,
  startChart,
  startChartAt,
} from '../../../../test/support/drive-chart.ts'
import type { EndReason, TransientCode } from '../errors/codes.ts'
import { signInExpiringAt } from '../policy/expiry.ts'
import { adviseOnEnd, nothingTold, noticesBetween } from './notices-between.ts'
import { noToken } from './session-context.ts'
import type { SessionEvent } from './session-events.ts'

const now = judgedAt.fresh
const origin = 'https://api.example'
const requested: SessionEvent = { type: 'refresh.requested', now }
const newer = createTokenFacts({ generation: 6, expiresAt: 9_000_000, refreshDueAt: 8_000_000 })
const absent: SessionEvent = { type: 'record.absent', now }

function failed(code: TransientCode, refusedWithoutReason = false): SessionEvent {
  return { type: 'refresh.failed', code, now, retryAt: now + 60_000, serverAsked: false, refusedWithoutReason }
}

function ended(reason: EndReason, endedAt = now): SessionEvent {
  return { type: 'record.ended', end: { reason, endedAt }, token: createTokenFacts({ refreshable: false }) }
}

function stepUp(at: string, generation = 5): SessionEvent {
  return { ...rejection, outcome: 'stepUpRequired', generation, origin: at }
}

describe('P41 a failure that passes is said', () => {
  it('once, however often it fails for that reason', () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    for (let attempt = 0; attempt < 10; attempt += 1) chart.send(failed('server'), requested)
    expect(chart.takeNotices()).toEqual([{ type: 'refreshFailed', code: 'server', retryAt: now + 60_000 }])
  })

  it('again when the reason is another, and again after a recovery, which is said too', () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    chart.send(failed('server'), requested, failed('network'), requested, failed('network'), requested)
    chart.send({ type: 'tokens.stored', token: newer, now }, requested, failed('network'))
    expect(chart.takeNotices()).toMatchObject([
      { type: 'refreshFailed', code: 'server' },
      { type: 'refreshFailed', code: 'network' },
      { type: 'refreshed', generation: 6 },
      { type: 'recovered', generation: 6 },
      { type: 'refreshFailed', code: 'network' },
    ])
  })

  it('as recovered where nothing had failed: not at all', () => {
    const chart = startChartAt('fresh / refreshing.storing')
    chart.send({ type: 'tokens.stored', token: newer, now })
    expect(chart.takeNotices()).toMatchObject([{ type: 'refreshed' }])
  })

  it('as refused without a reason: once', () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    chart.send(failed('blocked'), requested)
    for (let attempt = 0; attempt < 3; attempt += 1) chart.send(failed('blocked', true), requested)
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['refreshFailed', 'refusedWithoutReason'])
  })

  it('anew after a sign-in: what was wrong was wrong with the session before', () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    chart.send(failed('server'), { type: 'record.signedIn', token: createTokenFacts({ generation: 7, signInId: 'b' }) })
    chart.send(requested, failed('server'))
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['refreshFailed', 'signedIn', 'refreshFailed'])
  })
})

describe('P41 an end is said', () => {
  it('once, however many heartbeats follow', () => {
    const chart = startChartAt('fresh / idle')
    for (let heartbeat = 0; heartbeat < 10; heartbeat += 1) {
      chart.send(ended('grantRejected', now + heartbeat), { type: 'clock.resumed', now })
    }
    expect(chart.takeNotices()).toMatchObject([{ type: 'ended', reason: 'grantRejected', endedAt: now }])
  })

  it('once where the record is gone, however often it is found to be', () => {
    const chart = startChartAt('fresh / idle')
    for (let heartbeat = 0; heartbeat < 10; heartbeat += 1) chart.send({ ...absent, now: now + heartbeat })
    expect(chart.takeNotices()).toMatchObject([{ type: 'ended', reason: 'recordRemoved', endedAt: now }])
    expect(chart.context.end).toEqual({ reason: 'recordRemoved', endedAt: now })
  })

  it('again when the reason is another', () => {
    const chart = startChartAt('fresh / idle')
    chart.send(ended('unreachable'), ended('grantRejected'), ended('grantRejected'))
    expect(chart.takeNotices()).toMatchObject([
      { type: 'ended', reason: 'unreachable' },
      { type: 'ended', reason: 'grantRejected' },
    ])
  })

  it('not at all where the session was over before it was opened', () => {
    const chart = startChart()
    chart.send(ended('grantRejected'), ended('grantRejected'))
    expect(chart.takeNotices()).toEqual([])
    chart.send(ended('recordRemoved'))
    expect(chart.takeNotices()).toMatchObject([{ type: 'ended', reason: 'recordRemoved' }])
  })

  it('anew for the next session', () => {
    const chart = startChartAt('fresh / idle')
    chart.send(ended('grantRejected'))
    const next = createTokenFacts({ generation: 7, signInId: 'sign-in-2' })
    chart.send({ type: 'signIn.stored', token: next })
    chart.send({ ...ended('grantRejected'), token: next } as SessionEvent)
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['ended', 'signedIn', 'ended'])
  })

  it('with the client where the client is at fault, and with advice', () => {
    const chart = startChart({ clientId: 'app', dynamicallyRegistered: true })
    chart.send({ type: 'record.signedIn', token: createTokenFacts() }, ended('clientRejected'), ended('grantRejected'))
    const [client, grant] = chart.takeNotices()
    expect(client).toMatchObject({ type: 'ended', clientId: 'app', advice: expect.stringContaining('register') })
    expect(grant).toMatchObject({ type: 'ended', clientId: undefined })
  })
})

describe('P41 an end that could not be stored is said', () => {
  it('as ended, and that other holders do not know', () => {
    const chart = startChartAt('fresh / refreshing.requestingTokens')
    const end = { reason: 'grantRejected', endedAt: now, stored: false } as const
    const token = createTokenFacts({ refreshable: false })
    chart.send(
      { type: 'session.ended', end, token },
      { type: 'record.ended', end: { ...end, stored: undefined }, token },
    )
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['ended', 'endNotStored'])
  })
})

describe('P41 a sign-in is said', () => {
  const next = createTokenFacts({ ...newer, generation: 7, signInId: 'sign-in-2' })

  it('once, whether the store or the sign-in itself is heard of first', () => {
    const first = startChartAt('fresh / idle')
    first.send({ type: 'signIn.stored', token: next }, { type: 'record.signedIn', token: next })
    const second = startChartAt('fresh / idle')
    second.send({ type: 'record.signedIn', token: next }, { type: 'signIn.stored', token: next })
    for (const chart of [first, second]) {
      expect(chart.takeNotices()).toEqual([{ type: 'signedIn', generation: 7, expiresAt: next.expiresAt }])
    }
  })

  it.each(['fresh / idle', 'fresh / refreshing.requestingTokens', 'signedOut', 'restoring.reading'] as const)(
    'at %s also where its token is due at once, and a refresh begins with it',
    (place) => {
      const chart = startChartAt(place, { refreshTiming: 'eager' })
      const due = { ...next, refreshDueAt: now }
      chart.send({ type: 'signIn.stored', token: due })
      expect(chart.state).toBe('expiring / refreshing.waitingForLease')
      expect(chart.takeNotices()).toMatchObject([{ type: 'signedIn', generation: 7 }])
      chart.send({ type: 'tokens.stored', token: { ...next, generation: 8 }, now })
      expect(chart.takeNotices()).toMatchObject([{ type: 'refreshed', generation: 8 }])
    },
  )

  it('not where the session was there before it was opened', () => {
    const chart = startChart({ refreshTiming: 'eager' })
    chart.send({ type: 'record.signedIn', token: createTokenFacts({ refreshDueAt: now }) })
    expect(chart.state).toBe('expiring / refreshing.waitingForLease')
    expect(chart.takeNotices()).toEqual([])
  })

  it('by another holder while tokens of the session before cannot be stored', () => {
    const chart = startChartAt('fresh / refreshing.storing')
    chart.send({ type: 'tokens.unstored', token: newer }, { type: 'record.signedIn', token: next })
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['unstored', 'signedIn'])
    expect(chart.context.unstored).toBe(false)
  })
})

describe('P41 the end of a sign-in that comes is said', () => {
  const day = 24 * 3_600_000
  const token = (receivedAt: number, signInExpiresAt: number, generation = 5) => ({
    ...createTokenFacts({ generation, expiresAt: undefined, refreshDueAt: undefined }),
    receivedAt,
    signInExpiresAt,
    signInExpiringAt: signInExpiringAt(signInExpiresAt, receivedAt),
  })

  it.each([
    { name: 'a quarter of its time before', lasts: 8 * day, before: 2 * day },
    { name: 'a week before at most', lasts: 365 * day, before: 7 * day },
  ])('$name, once', ({ lasts, before }) => {
    const signInExpiresAt = now + lasts
    const chart = startChart()
    chart.send({ type: 'record.signedIn', token: token(now, signInExpiresAt) })
    chart.clock.sleep(lasts - before - 1)
    chart.send({ type: 'clock.resumed', now: chart.clock.now() })
    expect(chart.takeNotices()).toEqual([])
    for (let times = 0; times < 3; times += 1) {
      chart.clock.sleep(1)
      chart.send({ type: 'clock.resumed', now: chart.clock.now() })
    }
    expect(chart.takeNotices()).toEqual([{ type: 'signInExpiring', signInExpiresAt }])
  })

  it('again where another time is near, and not again with new tokens that end at about the same', () => {
    const chart = startChart({}, now + 9 * day)
    const first = now + 10 * day
    const next = first + 3_600_000
    chart.send({ type: 'record.signedIn', token: token(now, first) })
    chart.send({ type: 'record.signedIn', token: token(now, first, 6) })
    chart.send({ type: 'record.signedIn', token: token(now, first + 999, 7) })
    chart.send({ type: 'record.signedIn', token: token(now, next, 8) })
    const said = chart.takeNotices().filter(({ type }) => type === 'signInExpiring')
    expect(said).toEqual([
      { type: 'signInExpiring', signInExpiresAt: first },
      { type: 'signInExpiring', signInExpiresAt: next },
    ])
  })

  it('not once it is over', () => {
    const chart = startChart({}, now + 9 * day)
    chart.send({
      type: 'record.ended',
      end: { reason: 'unreachable', endedAt: now },
      token: token(now, now + 10 * day),
    })
    expect(chart.takeNotices()).toEqual([])
  })
})

describe('P41 a sign-out is said', () => {
  it('once, by this holder or another', () => {
    const here = startChartAt('fresh / idle')
    here.send({ type: 'signOut.requested' }, { type: 'signOut.stored', generation: 9 })
    here.send({ type: 'record.signedOut', generation: 9 }, { type: 'signOut.requested' })
    here.send({ type: 'signOut.stored', generation: 9 })
    const there = startChartAt('fresh / idle')
    there.send({ type: 'record.signedOut', generation: 9 }, { type: 'record.signedOut', generation: 9 })
    for (const chart of [here, there]) expect(chart.takeNotices()).toEqual([{ type: 'signedOut' }])
  })

  it('not where the user was signed out before the session was opened', () => {
    const chart = startChart()
    chart.send({ type: 'record.signedOut', generation: 9 }, { type: 'record.signedOut', generation: 9 })
    expect(chart.takeNotices()).toEqual([])
  })

  it('again after the next sign-in', () => {
    const chart = startChartAt('signedOut')
    chart.send({ type: 'signIn.stored', token: createTokenFacts({ generation: 9, signInId: 'b' }) })
    chart.send({ type: 'record.signedOut', generation: 10 })
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['signedIn', 'signedOut'])
  })
})

describe('P41 a step-up is said', () => {
  it('once for each origin and token', () => {
    const chart = startChartAt('fresh / idle')
    chart.send(stepUp(origin), stepUp(origin), stepUp('https://files.example'), stepUp(origin))
    expect(chart.takeNotices()).toMatchObject([{ origin }, { origin: 'https://files.example' }])
    chart.send({ type: 'record.signedIn', token: newer }, stepUp(origin, 6))
    expect(chart.takeNotices()).toMatchObject([{ type: 'adopted' }, { type: 'stepUpRequired', origin }])
  })

  it('not again because the end of the session is heard of', () => {
    const chart = startChartAt('fresh / idle')
    chart.send(stepUp(origin), ended('grantRejected'), stepUp(origin))
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['stepUpRequired', 'ended'])
  })
})

describe('P41 an origin that rejects a token after its refresh is said', () => {
  const files = 'https://files.example'
  const again = (at: string, generation = 5): SessionEvent => ({
    ...rejection,
    outcome: 'rejectedAfterRefresh',
    origin: at,
    generation,
  })
  const rejections = { [origin]: { generation: 5, count: 1, pausedUntil: now + 10_000 } }

  it('once for each origin, however often it does', () => {
    const chart = startChartAt('fresh / idle')
    chart.send(again(origin), again(origin), again(origin), again(files), again(files))
    expect(chart.takeNotices()).toMatchObject([
      { type: 'rejectedAfterRefresh', origin, generation: 5, status: 401 },
      { type: 'rejectedAfterRefresh', origin: files },
    ])
  })

  it('once for its run, though its pauses go on and on', () => {
    const chart = startChartAt('rejected / refreshing.rereading')
    chart.send({ type: 'refresh.paused', rejections })
    for (const pausedUntil of [now + 20_000, now + 40_000]) {
      chart.send(rejection, { type: 'token.requested', now, evenIfFresh: false })
      chart.send({ type: 'refresh.paused', rejections: { [origin]: { generation: 5, count: 2, pausedUntil } } })
    }
    expect(chart.takeNotices()).toMatchObject([{ type: 'rejectedAfterRefresh', origin }])
  })

  it('again once an acceptance has ended its run', () => {
    const chart = startChartAt('fresh / idle')
    chart.send(again(origin), { ...rejection, outcome: 'accepted', status: 200 }, again(origin))
    expect(chart.takeNotices().map(({ type }) => type)).toEqual(['rejectedAfterRefresh', 'rejectedAfterRefresh'])
  })

  it('not for a first rejection, nor for one that another holder has told the record of', () => {
    const chart = startChartAt('fresh / idle')
    chart.send(rejection, { type: 'record.signedIn', token: { ...newer, rejections } })
    expect(chart.takeNotices().map(({ type }) => type)).not.toContain('refreshed')
    const quiet = startChartAt('fresh / idle')
    quiet.send({ type: 'record.signedIn', token: { ...newer, rejections } })
    expect(quiet.takeNotices().map(({ type }) => type)).toEqual(['adopted'])
  })
})

describe('tokens that cannot be stored are said', () => {
  it('once as unstored and once as stored', () => {
    const chart = startChartAt('fresh / refreshing.storing')
    chart.send({ type: 'tokens.unstored', token: newer }, { type: 'tokens.stored', token: newer, now })
    chart.send(requested, { type: 'tokens.stored', token: createTokenFacts({ generation: 7 }), now })
    const types = chart.takeNotices().map(({ type }) => type)
    expect(types).toEqual(['unstored', 'stored', 'refreshed', 'refreshed'])
  })

  it.each([
    { name: 'adopted instead', event: { type: 'tokens.adopted', token: newer } },
    { name: 'given up', event: failed('storeUnavailable') },
    { name: 'overtaken by an end', event: ended('grantRejected') },
    { name: 'overtaken by a sign-out', event: { type: 'record.signedOut', generation: 9 } },
    { name: 'gone with the record', event: absent },
  ] satisfies { name: string; event: SessionEvent }[])('no longer as unstored once $name', ({ event }) => {
    const chart = startChartAt('fresh / refreshing.storing')
    chart.send({ type: 'tokens.unstored', token: createTokenFacts() }, event)
    expect(chart.context.unstored).toBe(false)
  })
})

it('a record that cannot be understood is said once, and that it can again', () => {
  const chart = startChart()
  const unreadable: SessionEvent = {
    type: 'record.unavailable',
    code: 'storeUnavailable',
    retryAt: now,
    now,
    unreadable: true,
  }
  for (let attempt = 0; attempt < 3; attempt += 1) chart.send(unreadable, requested)
  chart.send({ type: 'record.signedIn', token: newer })
  expect(chart.takeNotices().map(({ type }) => type)).toEqual(['recordUnreadable', 'recovered'])
})

it('a sign-in without a refresh token is said, with what to ask for', () => {
  const chart = startChart()
  chart.send({ type: 'signIn.stored', token: createTokenFacts({ refreshable: false }) })
  expect(chart.takeNotices()).toMatchObject([
    { type: 'signedIn', generation: 5 },
    { type: 'refreshTokenMissing', expiresAt: judgedAt.expired, advice: expect.stringContaining('offline_access') },
  ])
})

it('a sign-in that the store told of first is said once, its missing refresh token with the advice that came with the sign-in', () => {
  const chart = startChart()
  const token = createTokenFacts({ refreshable: false })
  chart.send({ type: 'record.signedOut', generation: 1 }, { type: 'record.signedIn', token })
  chart.send({ type: 'signIn.stored', token, advice: 'Ask for more.' })
  expect(chart.takeNotices()).toMatchObject([
    { type: 'signedIn', generation: 5 },
    { type: 'refreshTokenMissing', advice: 'Ask for more.' },
  ])
})

describe('the advice on an end', () => {
  it.each([
    { reason: 'grantRejected', expected: 'run "acme login"' },
    { reason: 'rotationLost', expected: 'run "acme login"' },
    { reason: 'requestRejected', expected: 'run "acme login"' },
    { reason: 'unreachable', expected: 'network' },
    { reason: 'clientRejected', expected: 'operator' },
  ] as const)('$reason says: $expected', ({ reason, expected }) => {
    expect(adviseOnEnd(reason, { signInHint: 'run "acme login"' })).toContain(expected)
  })
})

it('tokens of another holder are said though they are due at once, and a refresh begins with them', () => {
  const chart = startChartAt('fresh / idle', { refreshTiming: 'eager' })
  chart.send({ type: 'record.signedIn', token: { ...newer, refreshDueAt: now } })
  expect(chart.state).toBe('expiring / refreshing.waitingForLease')
  expect(chart.takeNotices()).toMatchObject([{ type: 'adopted', generation: 6 }])
})

describe('the notices between two states of rest', () => {
  const idle = startChartAt('fresh / idle').actor.getSnapshot()
  const told = { ...nothingTold, generation: 5, signInId: 'sign-in-1' }

  function between(changes: Partial<typeof idle.context>, to: unknown = idle.value, facts: Partial<typeof told> = {}) {
    const after = { value: to, context: { ...idle.context, ...changes } }
    return noticesBetween(idle, after, { ...told, ...facts })
  }

  it('are none where nothing has happened, and what was told is told', () => {
    expect(noticesBetween(idle, idle, told)).toEqual({ notices: [], told })
    expect(noticesBetween(idle, idle, told).told).toBe(told)
    expect(between({ judgedAt: now + 1 })).toEqual({ notices: [], told })
  })

  it('are none where all was told before', () => {
    const failing = { signedIn: { token: 'fresh', refresh: { transientFailure: 'backingOff' } } }
    const failure = { code: 'server', now, retryAt: now + 1 } as const
    expect(between({ failure }, failing).notices).toEqual([{ type: 'refreshFailed', code: 'server', retryAt: now + 1 }])
    expect(between({ failure }, failing, { failure: 'server' }).notices).toEqual([])
    const over = { signedIn: { token: 'fresh', refresh: 'invalidated' } }
    const end = { reason: 'unreachable', endedAt: now } as const
    expect(between({ end }, over).notices).toMatchObject([{ type: 'ended', reason: 'unreachable' }])
    expect(between({ end }, over, { end: 'unreachable' }).notices).toEqual([])
    const token = { ...noToken, generation: 5, signInId: 'sign-in-1' }
    expect(between({ token }, 'signedOut').notices).toEqual([{ type: 'signedOut' }])
    expect(between({ token }, 'signedOut', { signedOut: true }).notices).toEqual([])
  })

  it('tell of new tokens by how they came', () => {
    const token = newer
    const { generation, expiresAt } = token
    const types = (source: typeof idle.context.source, changes: Partial<typeof token> = {}) =>
      between({ token: { ...token, ...changes }, source }).notices.map(({ type }) => type)
    expect(between({ token, source: 'refresh' }).notices).toEqual([{ type: 'refreshed', generation, expiresAt }])
    expect(types('adopted')).toEqual(['adopted'])
    expect(types('adopted', { signInId: 'sign-in-2' })).toEqual(['signedIn'])
    expect(types('signIn', { signInId: 'sign-in-2' })).toEqual(['signedIn'])
    // A grant that signs in by itself names its own sign-in.
    expect(types('refresh', { signInId: 'sign-in-2' })).toEqual(['refreshed'])
    expect(types('refresh', { generation: 5 })).toEqual([])
    expect(types('refresh', { held: false })).toEqual([])
  })

  it('leave the tokens of a refresh under way for its end to tell, but not those of another sign-in', () => {
    const before = startChartAt('fresh / refreshing.storing').actor.getSnapshot()
    const types = (source: typeof idle.context.source, signInId: string) => {
      const after = { ...before, context: { ...before.context, token: { ...newer, signInId }, source } }
      return noticesBetween(before, after, told).notices.map(({ type }) => type)
    }
    expect(types('refresh', 'sign-in-1')).toEqual([])
    expect(types('adopted', 'sign-in-1')).toEqual([])
    // A grant that signs in by itself names its own sign-in.
    expect(types('refresh', 'sign-in-2')).toEqual([])
    expect(types('signIn', 'sign-in-2')).toEqual(['signedIn'])
  })
})

import { describe, expect, it } from 'vitest'
import { createTokenFacts, judgedAt, startChart, startChartAt } from '../../../../test/support/drive-chart.ts'
import type { EndReason, TransientCode } from '../errors/codes.ts'
import type { SessionEvent } from './session-events.ts'
import { adviseOnEnd } from './session-notices.ts'

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
  return { type: 'request.stepUpRequired', generation, origin: at, status: 401 }
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
      chart.send(ended('grantRejected', now + heartbeat), { type: 'clock.read', now }, { type: 'clock.resumed', now })
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
    expect(grant?.clientId).toBeUndefined()
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

it('a sign-in that the store told of first is said once, its missing refresh token with the advice of whoever signed in', () => {
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

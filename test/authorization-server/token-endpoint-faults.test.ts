import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  type HttpAnswer,
  startAuthorizationServer,
  tokenAnswers,
  withMembers,
  withoutMembers,
  withRetryAfter,
} from './index.ts'
import { refresh, refreshForTokens } from './refresh-by-hand.ts'

let server: AuthorizationServer
let refreshToken: string

beforeEach(async () => {
  server = await startAuthorizationServer()
  refreshToken = String((await server.signIn()).refresh_token)
})

afterEach(() => server.close())

describe('an answer in place of the provider’s', () => {
  const whole = Object.entries<HttpAnswer>(tokenAnswers).filter(([, { truncated }]) => !truncated)

  it.each(whole)('%s: is given once, as it is, and the provider never sees the request', async (_name, answer) => {
    server.faults.answerWith(answer)
    const response = await refresh(server, refreshToken)
    expect(response.status).toBe(answer.status)
    expect(await response.text()).toBe(answer.body ?? '')
    for (const [name, value] of Object.entries(answer.headers ?? {})) expect(response.headers.get(name)).toBe(value)
    expect((await refresh(server, refreshToken)).status).toBe(200)
    expect(server.requests.slice(-2).map(({ outcome, presentation }) => [outcome, presentation])).toEqual([
      ['answeredInstead', 'first'],
      ['issued', 'again'],
    ])
  })

  it('ends too early when truncated', async () => {
    server.faults.answerWith(tokenAnswers.truncated)
    const response = await refresh(server, refreshToken)
    await expect(response.text()).rejects.toThrow('terminated')
  })

  it('carries a Retry-After in seconds or as a date', async () => {
    server.faults.answerWith(withRetryAfter(tokenAnswers.throttled, 7))
    server.faults.answerWith(withRetryAfter(tokenAnswers.unavailable, new Date(0)))
    const first = await refresh(server, refreshToken)
    const second = await refresh(server, refreshToken)
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '7'])
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, 'Thu, 01 Jan 1970 00:00:00 GMT'])
  })

  it('is given as often as wanted, or until cleared', async () => {
    const fault = server.faults.answerWith(tokenAnswers.htmlForbidden, { times: Number.POSITIVE_INFINITY })
    for (const _attempt of [1, 2, 3]) expect((await refresh(server, refreshToken)).status).toBe(403)
    await fault.whenApplied(3)
    fault.clear()
    expect((await refresh(server, refreshToken)).status).toBe(200)
    expect(fault.applied).toBe(3)
  })

  it('leaves signing in alone unless asked for', async () => {
    server.faults.answerWith(tokenAnswers.badGateway)
    await expect(server.signIn()).resolves.toBeDefined()
    server.faults.answerWith(tokenAnswers.badGateway, { grantType: 'authorization_code' })
    await expect(server.signIn()).rejects.toThrow('502')
  })

  it('after the commit: the refresh token is spent, and sending it again is a replay', async () => {
    server.faults.answerWith(tokenAnswers.gatewayTimeout, { afterCommit: true })
    expect((await refresh(server, refreshToken)).status).toBe(504)
    expect(server.counts.refreshesIssued).toBe(1)
    expect((await refresh(server, refreshToken)).status).toBe(400)
    expect(server.counts).toMatchObject({ replays: 1, reuseDetected: 0, grantsRevoked: 1 })
  })
})

describe('a changed answer', () => {
  it.each([
    ['without access_token', withoutMembers('access_token'), 'access_token', undefined],
    ['without expires_in', withoutMembers('expires_in'), 'expires_in', undefined],
    ['with an expires_in in words', withMembers({ expires_in: '3600s' }), 'expires_in', '3600s'],
    ['with a negative expires_in', withMembers({ expires_in: -1 }), 'expires_in', -1],
    ['with an error member', withMembers({ error: 'odd' }), 'error', 'odd'],
  ])('%s', async (_name, change, member, value) => {
    server.faults.alterAnswer(change)
    const response = await refresh(server, refreshToken)
    expect(response.status).toBe(200)
    expect(((await response.json()) as Record<string, unknown>)[member]).toBe(value)
    expect(server.requests.at(-1)).toMatchObject({ outcome: 'altered', delivered: true })
  })

  it('has another status', async () => {
    server.faults.alterAnswer((members) => members, { status: 201 })
    expect((await refresh(server, refreshToken)).status).toBe(201)
  })

  it('without a refresh token: the old one stays good when the server does not rotate', async () => {
    server.faults.alterAnswer(withoutMembers('refresh_token'), { rotates: false })
    expect((await refreshForTokens(server, refreshToken)).refresh_token).toBeUndefined()
    expect((await refresh(server, refreshToken)).status).toBe(200)
    expect(server.counts).toMatchObject({ reuseDetected: 0, replays: 0 })
  })

  it('is cut before its end after the commit', async () => {
    server.faults.truncateAnswerAfterCommit()
    const response = await refresh(server, refreshToken)
    await expect(response.text()).rejects.toThrow('terminated')
    expect(server.refreshTokens[0]).toMatchObject({ spent: true, delivered: false })
  })
})

describe('a connection that ends', () => {
  it('before the provider sees the request: the refresh token is not spent', async () => {
    server.faults.cutConnectionBeforeCommit()
    await expect(refresh(server, refreshToken)).rejects.toThrow('fetch failed')
    expect((await refresh(server, refreshToken)).status).toBe(200)
    expect(server.counts).toMatchObject({ refreshesIssued: 1, replays: 0, reuseDetected: 0 })
  })

  it('after the commit: the refresh token is spent; without a grace its replay costs the grant', async () => {
    server.faults.dropAnswerAfterCommit()
    await expect(refresh(server, refreshToken)).rejects.toThrow('fetch failed')
    expect((await refresh(server, refreshToken)).status).toBe(400)
    expect(server.counts).toMatchObject({ refreshesIssued: 1, replays: 1, reuseDetected: 0, grantsRevoked: 1 })
  })
})

describe('a grace', () => {
  it('gives the same answer again, byte for byte, and it is no replay when the first answer had arrived', async () => {
    server.faults.setGrace(60_000)
    const first = await (await refresh(server, refreshToken)).text()
    expect(await (await refresh(server, refreshToken)).text()).toBe(first)
    expect(server.counts).toMatchObject({ refreshesIssued: 1, repeatsWithinGrace: 1, replays: 0, reuseDetected: 0 })
  })

  it('gives a lost answer again, as a replay', async () => {
    server.faults.setGrace(60_000)
    server.faults.dropAnswerAfterCommit()
    await expect(refresh(server, refreshToken)).rejects.toThrow('fetch failed')
    const tokens = await refreshForTokens(server, refreshToken)
    expect((await refresh(server, String(tokens.refresh_token))).status).toBe(200)
    expect(server.counts).toMatchObject({ replays: 1, repeatsWithinGrace: 0, reuseDetected: 0, grantsRevoked: 0 })
  })

  it('gives a new pair when asked to', async () => {
    server.faults.setGrace(60_000, { answer: 'newPair' })
    const first = await refreshForTokens(server, refreshToken)
    const second = await refreshForTokens(server, refreshToken)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect((await refresh(server, String(second.refresh_token))).status).toBe(200)
    expect((await refresh(server, String(first.refresh_token))).status).toBe(200)
  })

  it('ends', async () => {
    server.faults.setGrace(60_000)
    await refresh(server, refreshToken)
    server.faults.setGrace(0)
    expect((await refresh(server, refreshToken)).status).toBe(400)
    expect(server.counts).toMatchObject({ reuseDetected: 1, grantsRevoked: 1 })
  })

  it('covers two requests at once', async () => {
    server.faults.setGrace(60_000)
    const gate = server.faults.hold()
    const requests = [refreshForTokens(server, refreshToken), refreshForTokens(server, refreshToken)]
    await gate.arrived(2)
    gate.release()
    const [first, second] = await Promise.all(requests)
    expect(second).toEqual(first)
  })

  it('does not outlive the grant', async () => {
    server.faults.setGrace(60_000)
    await refresh(server, refreshToken)
    server.revokeGrant()
    expect((await refresh(server, refreshToken)).status).toBe(400)
  })
})

describe('a hindrance', () => {
  it('holds requests before the commit until they are let go, one by one or all', async () => {
    const gate = server.faults.hold()
    const responses = [refresh(server, refreshToken)]
    await gate.arrived()
    expect(server.counts).toMatchObject({ open: 1, refreshesIssued: 0 })
    gate.releaseOne()
    expect((await responses[0])?.status).toBe(200)
    const held = refresh(server, refreshToken)
    await gate.arrived(2)
    expect(gate.waiting).toBe(1)
    gate.release()
    expect((await held).status).toBe(400)
  })

  it('holds answers after the commit', async () => {
    const gate = server.faults.hold({ afterCommit: true, times: 1 })
    const response = refresh(server, refreshToken)
    await gate.arrived()
    expect(server.counts).toMatchObject({ open: 1, refreshesIssued: 1 })
    gate.release()
    expect((await response).status).toBe(200)
  })

  it('delays on both sides of the commit', async () => {
    server.faults.delay({ beforeMilliseconds: 30, afterMilliseconds: 30 })
    const before = performance.now()
    await refresh(server, refreshToken)
    expect(performance.now() - before).toBeGreaterThanOrEqual(58)
  })

  it('goes with a fault: held, then answered by a firewall', async () => {
    const gate = server.faults.hold()
    server.faults.answerWith(tokenAnswers.htmlForbidden)
    const response = refresh(server, refreshToken)
    await gate.arrived()
    gate.release()
    expect((await response).status).toBe(403)
  })
})

it('turns rotation off and on', async () => {
  server.faults.setRotation(false)
  expect((await refreshForTokens(server, refreshToken)).refresh_token).toBe(refreshToken)
  server.faults.setRotation(true)
  expect((await refreshForTokens(server, refreshToken)).refresh_token).not.toBe(refreshToken)
  expect(server.counts.reuseDetected).toBe(0)
})

it('awaits counts with a bound', async () => {
  const reached = server.until(({ refreshes }) => refreshes === 1)
  await refresh(server, refreshToken)
  await reached
  await expect(
    server.until(({ refreshes }) => refreshes === 9, { description: 'nine', withinMilliseconds: 1 }),
  ).rejects.toThrow('in vain: nine')
})

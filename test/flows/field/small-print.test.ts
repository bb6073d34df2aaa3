import type { RequestListener } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { isConfigurationError, isSessionEndedError } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { getSessionActor } from '@authchart/core/machine'
import { oauthError, tokenAnswers } from '@authchart/test/authorization-server'
import { describe, expect, test, vi } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { collectNotices, noticesOf } from '../../support/notices.ts'
import { outcomeOf, startField } from './fixture.ts'
import { startGateway } from './gateway.ts'

const echoToken: RequestListener = (request, response) => response.end(request.headers.authorization ?? 'none')

describe('signIn', () => {
  test.each([
    ['subject', { subject: 41 }],
    ['replaceSubject', { replaceSubject: 'yes' }],
    ['replaceSubjects', { replaceSubjects: true }],
  ])('refuses a malformed or unknown option, naming it: %s', async (option, options) => {
    await using field = await startField()
    const { session } = field
    const before = session.getSnapshot()
    const refused = session.signIn({ accessToken: 'a', refreshToken: 'r' }, options as never)
    await expect(refused).rejects.toSatisfy((error) => isConfigurationError(error) && error.option === option)
    expect(session.getSnapshot()).toBe(before)
  })

  test.each([10, 50_000])('shows claims that are nested %s deep, frozen to their depth', async (depth) => {
    await using field = await startField()
    const claims = `{"sub":"alice","deep":${'['.repeat(depth)}{"key":1}${']'.repeat(depth)}}`
    const idToken = ['{"alg":"RS256"}', claims, 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')
    await field.session.signIn({ accessToken: 'access', idToken, expiresIn: 3600 }, { replaceSubject: true })
    let inner: unknown = field.session.claims?.deep
    while (Array.isArray(inner)) inner = inner[0]
    expect(inner).toEqual({ key: 1 })
    expect(Object.isFrozen(inner)).toBe(true)
  })
})

test('reportOutcome never throws, and the chart sees nothing but what it is for', async () => {
  await using field = await startField()
  const { session, apis } = field
  for (const outcome of [undefined, null, 41, 'rejected', {}, { outcome: 'unheard of' }, { outcome: 'rejected' }]) {
    session.reportOutcome(outcome as never)
  }
  expect(session.getSnapshot()).toMatchObject({ status: 'fresh' })
  const { generation } = session.getSnapshot()
  const origin = apis[0]?.origin ?? ''
  session.reportOutcome({ outcome: 'networkFailed', origin, generation, headers: { authorization: 'canary' } } as never)
  const { lastOutcome } = getSessionActor(session).getSnapshot().context
  expect(lastOutcome).toMatchObject({ outcome: 'networkFailed', origin, generation })
  expect(JSON.stringify(lastOutcome)).not.toContain('canary')
})

test('an app that reports one rejection after another costs as much as an origin that rejects', async () => {
  await using field = await startField()
  const { session, server, clock } = field
  for (let turn = 0; turn < 20; turn += 1) {
    const { generation } = await session.getAccessToken()
    for (const outcome of ['rejected', 'rejectedAfterRefresh'] as const) {
      session.reportOutcome({ outcome, origin: 'https://grpc.example', generation })
    }
    await clock.advance(1_000)
  }
  expect(server.counts.refreshes).toBe(1)
})

test('a client that was refused and mended goes on by refresh(), in this process and in the next', async () => {
  await using field = await startField()
  const { server, session, clock } = field
  const notices = collectNotices(session)
  for (const answer of [oauthError('unauthorized_client'), tokenAnswers.invalidClient]) {
    server.faults.answerWith(answer)
    await expect(session.refresh()).rejects.toSatisfy(
      (error) => isSessionEndedError(error) && error.reason === 'clientRejected',
    )
    expect((await session.refresh()).expiresAt).toBeGreaterThan(clock.now())
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh', signedIn: true })
  }
  expect(noticesOf(notices, 'recovered')).toHaveLength(2)
  server.faults.answerWith(tokenAnswers.invalidClient)
  await session.refresh().catch(() => {})
  const next = field.open()
  expect((await next.session.ready).reason).toBe('clientRejected')
  await next.session.refresh()
  expect(next.session.getSnapshot()).toMatchObject({ status: 'fresh' })
  await eventually(() => session.getSnapshot().status === 'fresh', { description: 'the first to follow' })
  expect(await outcomeOf(field.holders[0]?.fetch(field.apis[0]?.origin ?? '') ?? Promise.reject())).toBe('200')
})

test('a refresh that brings tokens bound to a key, where there is none, is not an end, and is not sent', async () => {
  await using gateway = await startGateway(echoToken, { tokenType: 'DPoP' })
  const { session, origin } = gateway
  const send = createFetch(session)
  await expect(session.refresh()).rejects.toMatchObject({ code: 'tokenUnusable' })
  expect(session.getSnapshot()).toMatchObject({ signedIn: true, usable: true })
  expect(await (await send(`${origin}/api`)).text()).toBe('Bearer access-0')
})

test('what functions of the app reject with, in another realm too, goes unhandled nowhere', async () => {
  const shown = vi.spyOn(console, 'error').mockImplementation(() => {})
  const unhandled: unknown[] = []
  const hear = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', hear)
  const reject = runInNewContext('() => Promise.reject(new Error("of another realm"))')
  // biome-ignore lint/suspicious/noThenProperty: a thenable that fails is what this is about
  const rejectLater = () => ({ then: (_: unknown, fail: (reason: Error) => void) => fail(new Error('of a thenable')) })
  try {
    for (const fails of [reject, rejectLater, () => Promise.reject(new Error('of this realm'))]) {
      const http = { isRejected: fails as never }
      await using field = await startField({ debug: fails, classifyFailure: fails as never, http })
      const { session, server, apis, holders } = field
      session.subscribe(fails)
      session.on('*', fails)
      server.faults.answerWith(tokenAnswers.unavailable)
      await session.refresh().catch(() => {})
      expect(await outcomeOf(holders[0]?.fetch(`${apis[0]?.origin}/api`) ?? Promise.reject())).toBe('200')
      await setImmediate()
    }
    expect(unhandled).toEqual([])
    expect(shown).toHaveBeenCalled()
  } finally {
    process.off('unhandledRejection', hear)
    shown.mockRestore()
  }
})

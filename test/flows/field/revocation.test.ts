import { setImmediate } from 'node:timers/promises'
import { createFetch } from '@authchart/core/fetch'
import { apiAnswers } from '@authchart/test/authorization-server'
import { expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { collectNotices, noticesOf } from '../../support/notices.ts'
import { sessionKey } from '../../support/signed-in-session.ts'
import { leaseGivenBack, readRecord } from '../../support/stored-session.ts'
import { type Field, outcomeOf, startField } from './fixture.ts'

const always = { times: Number.POSITIVE_INFINITY }
const minute = 60_000

/** A field whose first API rejects every token at `/bad`, and pauses. */
async function startWithPause(options: Parameters<typeof startField>[0] = {}): Promise<Field> {
  const field = await startField(options)
  const { apis, holders } = field
  apis[0]?.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/bad' })
  await ask(field, '/bad')
  for (const { session } of holders) await pauses(field, session)
  return field
}

function pauses({ store }: Field, session: Field['holders'][number]['session']): Promise<void> {
  const look = async () => {
    await leaseGivenBack(store)
    return session.getSnapshot().rejectedBy !== undefined && session.getSnapshot().usable
  }
  return eventually(look, { description: 'the pause to be known' })
}

function ask({ apis, holders }: Field, path: string, { holder = 0, api = 0 } = {}): Promise<string> {
  const { fetch } = holders[holder] ?? {}
  if (fetch === undefined) throw new Error('There is no such holder')
  return outcomeOf(fetch(`${apis[api]?.origin}${path}`))
}

async function revoke({ apis: [api] }: Field): Promise<void> {
  if (!(await api?.revokeLastAcceptedToken())) throw new Error('There is no such token')
}

test('P72 a real revocation is healed within one request at an address that accepted the token, whatever pauses', async () => {
  await using field = await startWithPause()
  expect(await ask(field, '/orders?page=1')).toBe('200')
  await revoke(field)
  expect(await ask(field, '/orders?page=2')).toBe('200')
  expect(field.server.counts.refreshes).toBe(2)
  expect(field.holders[0]?.session.getSnapshot().rejectedBy).toHaveLength(1)
})

/**
 * A bad endpoint has rejected a second token in a row, and that is about to be judged as soon as the lease is given
 * back. The address `/orders` took that second token.
 */
async function startWithVerdictComing(options: Parameters<typeof startField>[0] = {}) {
  const field = await startField(options)
  const { apis, server, store } = field
  apis[0]?.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/bad' })
  const gate = apis[0]?.faults.hold({ path: '/bad' })
  const bad = ask(field, '/bad')
  await gate?.arrived()
  gate?.releaseOne()
  await gate?.arrived(2)
  expect(server.counts.refreshes).toBe(1)
  expect(await ask(field, '/orders')).toBe('200')
  const lease = await store.lease(sessionKey, { signal: AbortSignal.timeout(5_000) })
  const rejectBad = async () => {
    gate?.release()
    expect(await bad).toBe('401')
  }
  return { ...field, rejectBad, judge: () => lease[Symbol.asyncDispose]() }
}

test.each([
  ['its own origin', { api: 0, path: '/orders' }],
  ['another origin', { api: 1, path: '/files' }],
])('P72 a real revocation is healed though a bad endpoint of %s is judged just then', async (_name, { api, path }) => {
  await using field = await startWithVerdictComing({ apiCount: 2 })
  const { apis, server, session } = field
  apis[api]?.faults.revokePresentedToken({ path })
  const gate = apis[api]?.faults.hold({ path, times: 1 })
  const rejected = Promise.withResolvers<void>()
  const good = outcomeOf(
    createFetch(session, {
      async fetch(input, init) {
        const response = await fetch(input, init)
        if (response.status === 401) rejected.resolve()
        return response
      },
    })(`${apis[api]?.origin}${path}`),
  )
  await gate?.arrived()
  await field.rejectBad()
  gate?.release()
  await rejected.promise
  await setImmediate()
  await field.judge()
  expect(await good).toBe('200')
  expect(server.counts.refreshes).toBe(2)
})

test('P72 a revocation that no address vouches for is healed once the token has lived for a while', async () => {
  await using field = await startWithPause({ tellsLifetime: false })
  const { clock, server, apis } = field
  apis[0]?.faults.clear()
  // No address accepted the token that is revoked, but for another one.
  expect(await ask(field, '/orders')).toBe('200')
  await revoke(field)
  expect(await ask(field, '/invoices')).toBe('401')
  await clock.advance(6 * minute + 1)
  expect(await ask(field, '/invoices')).toBe('200')
  expect(server.counts.refreshes).toBe(2)
})

test('P72 a token that has lived for a while is believed to have expired, whatever another process saw before', async () => {
  await using field = await startField({ tellsLifetime: false })
  const { apis, clock, server, store } = field
  apis[0]?.faults.revokePresentedToken()
  expect(await ask(field, '/orders')).toBe('200')
  // That process ends, and the record does not know that the new token was taken.
  await field.holders[0]?.session.close()
  expect(Object.keys((await readRecord(store)).rejections ?? {})).toEqual([apis[0]?.origin])
  await clock.advance(60 * minute)
  const later = field.open()
  apis[0]?.faults.revokePresentedToken()
  expect(await outcomeOf(later.fetch(`${apis[0]?.origin}/invoices`))).toBe('200')
  expect(server.counts.refreshes).toBe(2)
})

test('P72 the end of a run that one holder saw does not lift the pause of a later one', async () => {
  await using field = await startField({ holderCount: 2 })
  const { apis, holders, server, clock } = field
  const [api] = apis
  api?.faults.revokePresentedToken({ path: '/orders' })
  expect(await ask(field, '/orders')).toBe('200')
  // The first holder saw the run end. Now the second finds an endpoint that rejects every token.
  api?.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/bad' })
  expect(await ask(field, '/bad', { holder: 1 })).toBe('401')
  for (const { session } of holders) await pauses(field, session)
  await clock.advance(1_000)
  await holders[0]?.session.refresh()
  const { refreshes } = server.counts
  await eventually(
    () => holders[1]?.session.getSnapshot().generation === holders[0]?.session.getSnapshot().generation,
    {
      description: 'the second holder to follow',
    },
  )
  expect(holders[1]?.session.getSnapshot().rejectedBy).toEqual([api?.origin])
  expect(await ask(field, '/bad', { holder: 1 })).toBe('401')
  expect(server.counts.refreshes).toBe(refreshes)
})

test('P72 the notice is said once for a run, though good addresses of the origin accept in between', async () => {
  await using field = await startField()
  const { apis, holders, clock } = field
  const session = holders[0]?.session
  if (session === undefined) throw new Error('No session')
  const notices = collectNotices(session)
  apis[0]?.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/bad' })
  for (let turn = 0; turn < 6; turn += 1) {
    expect(await ask(field, '/bad')).toBe('401')
    expect(await ask(field, '/orders')).toBe('200')
    await leaseGivenBack(field.store)
    await clock.advance(5 * minute)
  }
  expect(noticesOf(notices, 'rejectedAfterRefresh')).toHaveLength(1)
})

test('P72 answers that are late for a rejection that was mended are not held against the origin', async () => {
  await using field = await startField()
  const { apis, server } = field
  const [api] = apis
  expect(await ask(field, '/a')).toBe('200')
  const gate = api?.faults.hold({ path: '/late' })
  await revoke(field)
  const late = ask(field, '/late')
  await gate?.arrived()
  expect(await ask(field, '/a')).toBe('200')
  // The late answer comes, and its request is sent again; before that is answered, the new token is revoked too.
  gate?.releaseOne()
  await gate?.arrived(2)
  await revoke(field)
  expect(await ask(field, '/b')).toBe('200')
  gate?.release()
  expect(await late).toBe('200')
  expect(server.counts.refreshes).toBe(2)
})

test('P72 two calls whose token is replaced in between, and both are rejected, end with a good token', async () => {
  await using field = await startField()
  const { apis, server, session } = field
  const gate = apis[0]?.faults.hold({ path: '/held', times: 2 })
  apis[0]?.faults.answerWith(apiAnswers.invalidToken, { path: '/held', times: 3 })
  const first = ask(field, '/held?call=1')
  await gate?.arrived()
  await session.refresh()
  const second = ask(field, '/held?call=2')
  await gate?.arrived(2)
  gate?.release()
  expect([await first, await second]).toEqual(['200', '200'])
  expect(server.counts.refreshes).toBeLessThanOrEqual(2)
})

test('P72 a request is sent three times at most: with its token, after the refresh, and where that was replaced too', async () => {
  await using field = await startField()
  const { apis, server, session } = field
  apis[0]?.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/held' })
  const gate = apis[0]?.faults.hold({ path: '/held' })
  const call = ask(field, '/held')
  for (const sends of [1, 2, 3]) {
    await gate?.arrived(sends)
    await session.refresh()
    gate?.releaseOne()
  }
  expect(await call).toBe('401')
  expect(apis[0]?.counts.total).toBe(3)
  expect(server.counts.refreshes).toBe(3)
})

test.each([
  ['the bad ones first', (index: number) => index < 10],
  ['the bad ones last', (index: number) => index >= 10],
  ['in turn', (index: number) => index % 2 === 0],
])('P72 many requests whose token is revoked, some of them to a bad endpoint: %s', async (_name, isBad) => {
  await using field = await startWithPause()
  const { apis, server, clock } = field
  await clock.advance(11_000)
  expect(await ask(field, '/orders')).toBe('200')
  const before = server.counts.refreshes
  const gates = ['/bad', '/orders'].map((path) => apis[0]?.faults.hold({ path }))
  await revoke(field)
  const calls = Array.from({ length: 20 }, async (_, index) => {
    const path = isBad(index) ? '/bad' : '/orders'
    return [path, await ask(field, `${path}?call=${index}`)].join(' ')
  })
  await apis[0]?.until(({ open }) => open === 20)
  for (const gate of isBad(0) ? gates : gates.toReversed()) {
    gate?.release()
    await setImmediate()
  }
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['/bad 401', '/orders 200']))
  expect(server.counts.refreshes - before).toBeLessThanOrEqual(2)
})

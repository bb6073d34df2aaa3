import { setImmediate } from 'node:timers/promises'
import type { AccessToken } from '@authchart/core'
import { apiAnswers } from '@authchart/test/authorization-server'
import { expect, test } from 'vitest'
import { startField } from './fixture.ts'
import { ask, revoke, startWithPause } from './paused-field.ts'

const always = { times: Number.POSITIVE_INFINITY }

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
  const rejectFromNowOn = ({ value }: AccessToken) =>
    apis[0]?.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/held', accessToken: value })
  rejectFromNowOn(await session.getAccessToken())
  const first = ask(field, '/held?call=1')
  await gate?.arrived()
  rejectFromNowOn(await session.refresh())
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

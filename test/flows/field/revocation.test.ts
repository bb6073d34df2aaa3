import { setImmediate } from 'node:timers/promises'
import { createFetch } from '@authchart/core/fetch'
import { apiAnswers } from '@authchart/test/authorization-server'
import { expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { collectNotices, noticesOf } from '../../support/notices.ts'
import { sessionKey } from '../../support/signed-in-session.ts'
import { leaseGivenBack, readRecord } from '../../support/stored-session.ts'
import { outcomeOf, startField } from './fixture.ts'
import { ask, pauses, revoke, startWithPause } from './paused-field.ts'

const always = { times: Number.POSITIVE_INFINITY }
const minute = 60_000

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
  await field.holders[0]?.session.close()
  const record = await readRecord(store)
  expect(record.rejections).toEqual({})
  // As if that process had been killed before it could write that the new token was taken.
  const rejections = { [apis[0]?.origin ?? '']: { generation: record.generation - 1, count: 0 } }
  await store.compareAndSet(sessionKey, record.revision, { ...record, revision: 'as if killed', rejections })
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

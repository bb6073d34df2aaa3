import { memoryStore, type Session, type SessionNotice, type SessionOptions } from '@authchart/core'
import { getSessionActor } from '@authchart/core/machine'
import { createSimulatedClock } from '@authchart/core/testing'
import {
  type Api,
  type AuthorizationServer,
  apiAnswers,
  type HttpAnswer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { collectNotices, typesOf } from '../support/notices.ts'
import { openSignedInSession } from '../support/signed-in-session.ts'
import { readRecord } from '../support/stored-session.ts'
import { doors } from './http/doors.ts'

const always = { times: Number.POSITIVE_INFINITY }
const post = { method: 'POST', body: 'amount=12', headers: { 'content-type': 'application/x-www-form-urlencoded' } }

let server: AuthorizationServer
let api: Api

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  api = await startApi({ authorizationServer: server })
})
beforeEach(() => {
  server.resetCounts()
  api.resetCounts()
})
afterEach(() => api.faults.clear())
afterAll(async () => {
  await api.close()
  await server.close()
})

interface OpenedSession extends AsyncDisposable {
  readonly session: Session
  readonly store: NonNullable<SessionOptions['store']>
  readonly notices: readonly SessionNotice[]
}

async function open(options: Partial<SessionOptions> = {}): Promise<OpenedSession> {
  const store = memoryStore()
  const session = await openSignedInSession(server, { store, allowedOrigins: [api.origin], ...options })
  return {
    session,
    store,
    notices: collectNotices(session),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

/** What the chart remembers of requests. */
function lastOutcomeOf(session: Session) {
  return getSessionActor(session).getSnapshot().context.lastOutcome
}

const challenged = (status: number, challenge: string): HttpAnswer => ({
  status,
  headers: { 'www-authenticate': challenge },
})

const rejections: [name: string, answer: HttpAnswer, rejectedStatuses?: number[]][] = [
  ['401 invalid_token', apiAnswers.invalidToken],
  ['401 with a Bearer challenge and no error', apiAnswers.bearerWithoutError],
  ['401 without a challenge', apiAnswers.withoutChallenge],
  ['401 with a DPoP challenge and invalid_token', apiAnswers.dpopInvalidToken],
  ['401 with two challenges in two lines', apiAnswers.bearerAndDpop],
  ['401 with a challenge of another scheme', challenged(401, 'Negotiate')],
  ['401 with a challenge that is none', challenged(401, 'Bearer error="')],
  ['401 with insufficient_scope, which belongs to a 403', challenged(401, 'Bearer error="insufficient_scope"')],
  ['401 use_dpop_nonce that brings no nonce', challenged(401, 'DPoP error="use_dpop_nonce"')],
  ['403, listed', apiAnswers.forbidden, [403]],
  ['403 invalid_token, listed', challenged(403, 'Bearer error="invalid_token"'), [403]],
  ['459, listed', apiAnswers.sessionExpired, [403, 459]],
]

const returned: [name: string, answer: HttpAnswer, rejectedStatuses?: number[]][] = [
  ['403', apiAnswers.forbidden],
  ['403 invalid_token, not listed', challenged(403, 'Bearer error="invalid_token"')],
  ['403, where only 459 is listed', apiAnswers.forbidden, [459]],
  ['459', apiAnswers.sessionExpired],
  ['401 use_dpop_nonce', apiAnswers.useDpopNonce],
  ['400 invalid_token', challenged(400, 'Bearer error="invalid_token"')],
  ['500', apiAnswers.serverError],
]

const stepUps: [name: string, answer: HttpAnswer, rejectedStatuses?: number[]][] = [
  ['401 insufficient_user_authentication', apiAnswers.insufficientUserAuthentication],
  ['403 insufficient_scope', apiAnswers.insufficientScope],
  ['403 insufficient_scope, listed', apiAnswers.insufficientScope, [403]],
  [
    '401 with a step-up in its second challenge',
    challenged(401, 'Negotiate, Bearer error="insufficient_user_authentication"'),
  ],
]

describe.each(doors)('P30 through $name', ({ open: openDoor }) => {
  test.each(rejections)('P30 %s: one refresh, sent once more', async (_name, answer, rejectedStatuses = []) => {
    await using opened = await open({ http: { rejectedStatuses } })
    const { session, notices } = opened
    const { generation } = session.getSnapshot()
    api.faults.answerWith(answer)
    const response = await openDoor(session)(api.origin, post)
    expect(response.status).toBe(200)
    expect(api.requests.map(({ outcome }) => outcome)).toEqual(['fault', 'accepted'])
    expect(server.counts.refreshes).toBe(1)
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh' })
    expect(session.getSnapshot().generation).toBeGreaterThan(generation)
    expect(typesOf(notices)).toEqual(['refreshed'])
    expect(lastOutcomeOf(session)).toMatchObject({ outcome: 'accepted', origin: api.origin, status: 200 })
  })

  test.each(rejections)(
    'P30 %s, and again after the refresh: returned as it is',
    async (...[, answer, rejectedStatuses = []]) => {
      await using opened = await open({ http: { rejectedStatuses } })
      const { session, notices } = opened
      api.faults.answerWith(answer, always)
      const response = await openDoor(session)(api.origin, post)
      expect(response.status).toBe(answer.status)
      expect(api.counts.total).toBe(2)
      expect(server.counts.refreshes).toBe(1)
      const { generation } = session.getSnapshot()
      expect(notices).toMatchObject([
        { type: 'refreshed', generation },
        { type: 'rejectedAfterRefresh', origin: api.origin, status: answer.status, generation },
      ])
      expect(lastOutcomeOf(session)).toMatchObject({
        outcome: 'rejectedAfterRefresh',
        status: answer.status,
        generation,
      })
      // Others are served with it.
      await eventually(() => session.getSnapshot().usable, { description: 'the pause to be noted' })
      expect(session.getSnapshot()).toMatchObject({ status: 'fresh', rejectedBy: [api.origin] })
      expect(server.counts.refreshes).toBe(1)
    },
  )

  test.each(returned)(
    'P30 %s: returned, and nothing is done about it',
    async (_name, answer, rejectedStatuses = []) => {
      await using opened = await open({ http: { rejectedStatuses } })
      const { session, store, notices } = opened
      const before = { snapshot: session.getSnapshot(), record: await readRecord(store) }
      api.faults.answerWith(answer)
      const response = await openDoor(session)(api.origin, post)
      expect(response.status).toBe(answer.status)
      expect(api.counts.total).toBe(1)
      expect(server.counts.refreshes).toBe(0)
      expect(notices).toEqual([])
      expect(session.getSnapshot()).toBe(before.snapshot)
      expect(await readRecord(store)).toEqual(before.record)
    },
  )

  test.each(stepUps)('P30 %s: returned, with a notice', async (_name, answer, rejectedStatuses = []) => {
    await using opened = await open({ http: { rejectedStatuses } })
    const { session, store, notices } = opened
    const before = { snapshot: session.getSnapshot(), record: await readRecord(store) }
    api.faults.answerWith(answer, { times: 2 })
    const send = openDoor(session)
    for (const response of [await send(api.origin, post), await send(api.origin, post)]) {
      expect(response.status).toBe(answer.status)
      expect(response.headers.get('www-authenticate')).toContain('insufficient')
    }
    expect(api.counts.total).toBe(2)
    expect(server.counts.refreshes).toBe(0)
    expect(notices).toMatchObject([{ type: 'stepUpRequired', origin: api.origin, status: answer.status }])
    expect(lastOutcomeOf(session)).toMatchObject({ outcome: 'stepUpRequired', status: answer.status })
    expect(session.getSnapshot()).toBe(before.snapshot)
    expect(await readRecord(store)).toEqual(before.record)
  })

  test('P30 no response: what fetch throws, and no refresh', async () => {
    await using opened = await open()
    const { session, notices } = opened
    const snapshot = session.getSnapshot()
    api.faults.destroyConnection()
    await expect(openDoor(session)(api.origin, post)).rejects.toThrow()
    expect(api.counts).toMatchObject({ total: 1, destroyed: 1 })
    expect(server.counts.refreshes).toBe(0)
    expect(notices).toEqual([])
    expect(lastOutcomeOf(session)).toMatchObject({ outcome: 'networkFailed', origin: api.origin })
    expect(session.getSnapshot()).toBe(snapshot)
  })

  test('P30 rejected again: other origins still cause a refresh for that generation', async () => {
    const clock = createSimulatedClock()
    await using opened = await open({ runtime: { clock }, allowedOrigins: [api.origin, api.otherOrigin] })
    const { session, notices } = opened
    api.faults.answerWith(apiAnswers.invalidToken, always)
    const send = openDoor(session)
    await send(api.origin, post)
    await send(api.origin, post)
    expect(server.counts.refreshes).toBe(1)
    // Two tokens in a row that are rejected as soon as they are born would make everybody back off.
    await clock.advance(10_000)
    api.faults.answerWith(apiAnswers.invalidToken, { at: 'otherOrigin' })
    expect((await send(api.otherOrigin, post)).status).toBe(200)
    expect(server.counts.refreshes).toBe(2)
    expect(typesOf(notices)).toEqual(['refreshed', 'rejectedAfterRefresh', 'refreshed'])
  })
})

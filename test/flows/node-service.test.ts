import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { NodeStore } from '@authchart/node-store'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { findInTexts } from '../support/find-secrets.ts'
import { type NodeService, type NodeServiceInput, signInByCommand, startNodeService } from '../support/node-service.ts'
import { openNodeStore } from '../support/node-store-input.ts'
import { openSession, tokenSetOf } from '../support/signed-in-session.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

const patience = { timeout: 120_000 }
const anyGrant = { grantType: 'any' }

let server: AuthorizationServer
let api: Api
let folder: TemporaryFolder
let input: NodeServiceInput
let store: NodeStore
let services: NodeService[]
let secrets: Set<string>
/** What callers and whoever watches have seen. */
let shown: string[]

beforeEach(async () => {
  server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    wantsPromptForOfflineAccess: false,
  })
  api = await startApi({ authorizationServer: server })
  folder = createTemporaryFolder()
  input = { server, api, directory: join(folder.path, 'sessions'), key: randomBytes(32).toString('base64') }
  store = openNodeStore({ kind: 'file', ...input })
  services = []
  secrets = new Set([input.key, server.secretBasicClient.secret])
  shown = []
})

afterEach(async () => {
  await noteStoredSecrets()
  for (const service of services) await service[Symbol.asyncDispose]()
  await api.close()
  await server.close()
  await folder[Symbol.asyncDispose]()
  // P54, P55: whatever happened, nothing of it is in the log or in an answer.
  expect(findInTexts([...services.map(({ output }) => output), ...shown], secrets)).toEqual([])
})

async function start(environment: Readonly<Record<string, string>> = {}): Promise<NodeService> {
  const service = await startNodeService({ ...input, environment })
  services.push(service)
  return service
}

/** As another program does that shares the folder; `expiresIn` 0 for a token that is spent already. */
async function signIn(expiresIn = 3600): Promise<void> {
  await using session = openSession(server, { store, key: 'user' })
  await session.signIn({ ...tokenSetOf(await server.signIn()), expiresIn })
  await noteStoredSecrets()
}

async function noteStoredSecrets(): Promise<void> {
  for (const key of ['user', 'service']) {
    const { accessToken, refreshToken, idToken } = (await store.read(key))?.secrets?.tokenSet ?? {}
    for (const secret of [accessToken, refreshToken, idToken]) if (secret !== undefined) secrets.add(secret)
  }
}

async function call(service: NodeService, path: string) {
  const response = await fetch(`${service.url}${path}`)
  const text = await response.text()
  shown.push(text)
  const body = JSON.parse(text) as Record<string, unknown>
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body }
}

/** Calls until there is a token: a caller waits for 2 s, and a machine may stand still for longer. */
async function callWhenReady(service: NodeService, path: string) {
  let answer = await call(service, path)
  const isReady = async () => {
    if (answer.body.error === 'tokenUnavailable') answer = await call(service, path)
    return answer.body.error !== 'tokenUnavailable'
  }
  await eventually(isReady, { description: 'a token' })
  return answer
}

async function health(service: NodeService) {
  const { status, body } = await call(service, '/healthz')
  const { sessions, ...rest } = body as { status: string; sessions: Record<'service' | 'user', { usable: boolean }> }
  return { httpStatus: status, sessions, ...rest }
}

it('calls the API on client credentials and on the stored session of the user', patience, async () => {
  await signIn()
  const service = await start()
  const own = await callWhenReady(service, '/service/invoices?year=2026')
  expect(own).toMatchObject({ status: 200, body: { path: '/invoices?year=2026' } })
  expect(own.body.subject).toBeUndefined()
  expect(await call(service, '/user/orders')).toMatchObject({
    status: 200,
    body: { path: '/orders', subject: 'alice' },
  })
  expect(await health(service)).toMatchObject({
    httpStatus: 200,
    status: 'ok',
    sessions: { service: { status: 'fresh', usable: true }, user: { status: 'fresh', usable: true } },
  })
  expect(await call(service, '/elsewhere')).toMatchObject({ status: 404 })
})

it('says 503 and when to come again while tokens cannot be had, and recovers by itself', patience, async () => {
  await signIn(0)
  await server.goDown()
  const service = await start()
  for (const path of ['/service/invoices', '/user/orders']) {
    const { status, retryAfter, body } = await call(service, path)
    expect({ status, body }).toEqual({ status: 503, body: { error: 'tokenUnavailable' } })
    expect(Number(retryAfter)).toBeGreaterThanOrEqual(1)
  }
  expect(await health(service)).toMatchObject({
    httpStatus: 200,
    status: 'degraded',
    sessions: { user: { usable: false, code: 'network' }, service: { usable: false, code: 'network' } },
  })
  await server.comeBack()
  await eventually(async () => (await health(service)).status === 'ok', { description: 'recovery' })
  expect(await call(service, '/user/orders')).toMatchObject({ status: 200 })
  expect(await call(service, '/service/invoices')).toMatchObject({ status: 200 })
  expect(service.logged('refreshFailed').map(({ session }) => session)).toHaveLength(2)
  expect(service.logged('recovered')).toHaveLength(2)
  expect(server.counts.reuseDetected).toBe(0)
})

it(
  'P38 passes the Retry-After of the authorization server on, in every instance and after a restart',
  patience,
  async () => {
    await signIn(0)
    const busy = { status: 503, headers: { 'retry-after': '600' } }
    server.faults.answerWith(busy, { ...anyGrant, times: Number.POSITIVE_INFINITY })
    server.resetCounts()
    const expectPatience = async (service: NodeService) => {
      for (const path of ['/service/invoices', '/user/orders']) {
        const isPatient = async () => {
          const { status, retryAfter } = await call(service, path)
          expect(status).toBe(503)
          expect(Number(retryAfter)).toBeLessThanOrEqual(601)
          return Number(retryAfter) > 500
        }
        // Not before the server has answered, which may take longer than callers wait.
        await eventually(isPatient, { description: 'the time that the server asks for' })
      }
    }
    const first = await start()
    await expectPatience(first)
    await expectPatience(await start())
    first.signal('SIGKILL')
    await first.exited()
    await expectPatience(await start())
    expect(server.requests.map(({ grantType }) => grantType).sort()).toEqual(['client_credentials', 'refresh_token'])
  },
)

it(
  'P41 says 503 and never 401 once the session of the user is over, and in the log once what to do',
  patience,
  async () => {
    await signIn()
    const service = await start()
    expect(await callWhenReady(service, '/user/orders')).toMatchObject({ status: 200 })
    server.revokeGrant('alice')
    const answers = await Promise.all(Array.from({ length: 10 }, () => call(service, '/user/orders')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    const answer = await callWhenReady(service, '/user/orders')
    expect(answer).toEqual({ status: 503, retryAfter: null, body: { error: 'signInNeeded' } })
    expect(service.logged('ended')).toMatchObject([{ session: 'user', advice: expect.stringContaining('sign-in') }])
    expect(await health(service)).toMatchObject({
      httpStatus: 200,
      status: 'degraded',
      sessions: { user: { status: 'invalidated', usable: false, reason: 'grantRejected' } },
    })
    // Another instance finds it so, and says it once too.
    const late = await start()
    for (let round = 0; round < 2; round += 1) expect(await call(late, '/user/orders')).toMatchObject({ status: 503 })
    expect(late.logged('ended')).toMatchObject([{ session: 'user', advice: expect.stringContaining('sign-in') }])
    expect(await callWhenReady(service, '/service/invoices')).toMatchObject({ status: 200 })
    await signIn()
    for (const each of [service, late]) {
      await eventually(async () => (await call(each, '/user/orders')).status === 200, { description: 'the sign-in' })
    }
  },
)

it('says 503 while nobody is signed in, and in the log once what to do', patience, async () => {
  const service = await start()
  for (let round = 0; round < 2; round += 1) {
    expect(await call(service, '/user/orders')).toEqual({
      status: 503,
      retryAfter: null,
      body: { error: 'signInNeeded' },
    })
  }
  expect(service.logged('signedOut')).toMatchObject([{ session: 'user', advice: expect.stringContaining('sign-in') }])
  // Elsewhere a browser would open for whoever sits there.
  if (process.platform === 'linux') expect(await signInByCommand(input)).toBe('Signed in.\n')
  else await signIn()
  await eventually(async () => (await call(service, '/user/orders')).status === 200, { description: 'the sign-in' })
})

it('finishes on SIGTERM what is under way, stores a refresh first, and exits with 0', patience, async () => {
  await signIn(0)
  const before = await store.read('user')
  const tokens = server.faults.hold({ times: 1, afterCommit: true })
  const slow = api.faults.hold({ times: 1, path: '/slow' })
  const service = await start()
  // Nobody waits for the refresh: the service has begun it by itself.
  await tokens.arrived()
  await callWhenReady(service, '/service/invoices')
  const underWay = call(service, '/service/slow')
  await slow.arrived()
  service.signal('SIGTERM')
  await eventually(() => service.logged('stopping').length === 1, { description: 'the stop' })
  await eventually(
    () =>
      fetch(service.url).then(
        () => false,
        () => true,
      ),
    { description: 'the end of listening' },
  )
  slow.release()
  expect(await underWay).toMatchObject({ status: 200 })
  expect(service.exitCode).toBeUndefined()
  tokens.release()
  expect(await service.exited()).toBe(0)
  const after = await store.read('user')
  expect(after?.generation).toBeGreaterThan(before?.generation ?? Number.NaN)
  expect(after?.refreshIntent).toBeUndefined()

  const restarted = await start()
  expect(await callWhenReady(restarted, '/user/orders')).toMatchObject({ status: 200, body: { subject: 'alice' } })
  await using session = openSession(server, { store, key: 'user' })
  await session.refresh()
  expect(server.counts).toMatchObject({ refreshes: 2, reuseDetected: 0, replays: 0 })
})

it('exits with 0 after SIGTERM though nothing that is under way ever ends', patience, async () => {
  await signIn(0)
  const tokens = server.faults.hold()
  const slow = api.faults.hold()
  const service = await start({ STOP_SECONDS: '0.5' })
  await tokens.arrived()
  await eventually(async () => (await health(service)).sessions.service.usable, { description: 'its own token' })
  const underWay = fetch(`${service.url}/service/slow`).then(
    ({ status }) => status,
    () => 'cut',
  )
  await slow.arrived()
  service.signal('SIGTERM')
  expect(await service.exited()).toBe(0)
  expect(await underWay).not.toBe(401)
  // The next one knows that an answer may have been lost.
  expect((await store.read('user'))?.refreshIntent).toMatchObject({ outcomeUnknown: true })
})

it('P17 two instances that start with expired tokens make one token request for each session', patience, async () => {
  await signIn(0)
  server.resetCounts()
  server.faults.delay({ beforeMilliseconds: 200 }, { ...anyGrant, times: 4 })
  const instances = await Promise.all([start(), start()])
  const calls = instances.flatMap((each) => [
    callWhenReady(each, '/user/orders'),
    callWhenReady(each, '/service/invoices'),
  ])
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(server.requests.map(({ grantType }) => grantType).sort()).toEqual(['client_credentials', 'refresh_token'])
})

import { isSignInError, type SignInError } from '@authchart/core'
import {
  beginDeviceAuthorization,
  type DeviceAuthorization,
  type DeviceAuthorizationOptions,
  type Fetch,
} from '@authchart/core/oauth'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  jsonAnswer,
  oauthError,
  startAuthorizationServer,
  tokenAnswers,
  withMembers,
  withRetryAfter,
} from '../../authorization-server/index.ts'
import { eventually } from '../../support/eventually.ts'
import { findSecrets } from '../../support/find-secrets.ts'
import { publishing } from '../../support/published-metadata.ts'
import { openSession } from '../../support/signed-in-session.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
const interval = 5_000
const always = { grantType, times: Number.POSITIVE_INFINITY }

let server: AuthorizationServer
let clock: SimulatedClock
/** When each request for tokens was sent, in simulated milliseconds since the beginning. */
let polledAt: number[]
/** The secrets that went over the wire. */
let secrets: string[]
let began: number

beforeEach(async () => {
  server = await startAuthorizationServer()
  clock = createSimulatedClock()
  began = clock.now()
  polledAt = []
  secrets = []
})

afterEach(() => server.close())

/** The platform's fetch, which writes down when it is used and what secrets it carries. */
const watchedFetch: Fetch = async (url, init) => {
  if (url === server.tokenEndpoint) {
    polledAt.push(clock.now() - began)
    const code = new URLSearchParams(String(init.body)).get('device_code')
    if (code !== null) secrets.push(code)
  }
  return fetch(url, init)
}

function begin(options: Partial<DeviceAuthorizationOptions> = {}): Promise<DeviceAuthorization> {
  return beginDeviceAuthorization({
    issuer: server.issuer,
    clientId: server.publicClient.id,
    scope: 'openid offline_access',
    fetch: watchedFetch,
    clock,
    ...options,
  })
}

function polls(): number {
  return server.requests.filter((request) => request.grantType === grantType && request.endedAt !== undefined).length
}

/** Lets the time come for one more request, and waits for its answer. */
async function pollOnce(milliseconds = interval): Promise<void> {
  const count = polls() + 1
  await clock.advance(milliseconds)
  await eventually(() => polls() === count && clock.timers > 0, { description: `request ${count} to be answered` })
}

/** Lets time pass until the wait is over. */
async function settle<Value>(work: Promise<Value>): Promise<Value> {
  let settled = false
  const watched = work.finally(() => {
    settled = true
  })
  watched.catch(() => {})
  await eventually(
    async () => {
      // While a request is under way, no timer is set and no time passes.
      if (!settled && clock.timers > 0) await clock.advance(1_000)
      return settled
    },
    { description: 'the wait to be over' },
  )
  return watched
}

async function failureOf(work: Promise<unknown>): Promise<SignInError> {
  const error = await work.then(
    () => new Error('It did not fail'),
    (thrown: unknown) => thrown,
  )
  if (!isSignInError(error)) throw error
  expect(findSecrets(error, secrets)).toEqual([])
  return error
}

describe('signing a device in', () => {
  it('shows a code and a page, and gives the tokens once somebody has agreed', async () => {
    const device = await begin()
    expect(device).toEqual({
      userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
      verificationUri: `${server.issuer}/device`,
      verificationUriComplete: `${server.issuer}/device?user_code=${device.userCode}`,
      expiresAt: began + 600_000,
      waitForTokens: expect.any(Function),
    })
    const waiting = device.waitForTokens()
    await pollOnce()
    await server.answerDevice(device.userCode, { approve: true })
    await clock.advance(interval)
    const tokens = await waiting
    expect(tokens).toMatchObject({ accessToken: expect.any(String), refreshToken: expect.any(String) })
    expect(polledAt).toEqual([interval, 2 * interval])
    expect(clock.timers).toBe(0)

    await using session = openSession(server)
    expect(await session.signIn(tokens)).toMatchObject({ status: 'fresh' })
    expect(await server.findAccessToken((await session.refresh()).value)).toMatchObject({ subject: 'alice' })
    expect(findSecrets(device, secrets)).toEqual([])
  })

  it('asks for the resource server that was named, and says when no refresh token came', async () => {
    const device = await begin({ scope: 'openid', resource: 'https://api.acme.example' })
    await server.answerDevice(device.userCode, { approve: true })
    const waiting = device.waitForTokens()
    await clock.advance(interval)
    const tokens = await waiting
    expect(tokens.refreshToken).toBeUndefined()
    expect(tokens.refreshTokenAdvice).toContain('`offline_access`')
    expect(await server.findAccessToken(tokens.accessToken)).toMatchObject({ audience: 'https://api.acme.example' })
  })

  it('as a client with a secret', async () => {
    const { id, secret } = server.secretBasicClient
    const device = await begin({ clientId: id, clientSecret: secret })
    await server.answerDevice(device.userCode, { approve: true })
    const waiting = device.waitForTokens()
    await clock.advance(interval)
    expect((await waiting).accessToken).toEqual(expect.any(String))
  })

  it('ends with access_denied when somebody says no', async () => {
    const device = await begin()
    const waiting = failureOf(device.waitForTokens())
    await pollOnce()
    await server.answerDevice(device.userCode, { approve: false })
    await clock.advance(interval)
    expect(await waiting).toMatchObject({ code: 'refused', serverCode: 'access_denied', retryable: false })
    // Known from now on: nobody asks again.
    expect(await failureOf(device.waitForTokens())).toMatchObject({ serverCode: 'access_denied' })
    expect(polledAt).toHaveLength(2)
  })

  it('ends as expired at the end of the code’s time, without one more request', async () => {
    server.lifetimes.deviceCode = 12
    const device = await begin()
    const waiting = failureOf(device.waitForTokens())
    await pollOnce()
    await pollOnce()
    await clock.advance(2_000)
    expect(await waiting).toMatchObject({ code: 'expired' })
    expect(polledAt).toEqual([interval, 2 * interval])
  })

  it('ends as expired with the code where the server’s interval is longer than that', async () => {
    const device = await begin({ fetch: withAnswer({ interval: 900, expires_in: 12 }) })
    const begun = clock.now()
    const waiting = failureOf(device.waitForTokens())
    await clock.advance(11_999)
    expect(clock.timers).toBe(1)
    await clock.advance(1)
    expect(await waiting).toMatchObject({ code: 'expired' })
    expect(clock.now() - begun).toBe(12_000)
    expect(polledAt).toEqual([])
  })

  it('ends as expired when the server says so', async () => {
    const device = await begin()
    server.faults.answerWith(oauthError('expired_token'), { grantType })
    expect(await failureOf(settle(device.waitForTokens()))).toMatchObject({ code: 'expired' })
    expect(polledAt).toHaveLength(1)
  })
})

describe('a device that asks', () => {
  it('asks 5 s slower after each slow_down, for good', async () => {
    server.faults.answerWith(tokenAnswers.slowDown, { grantType, times: 2 })
    const device = await begin()
    const waiting = device.waitForTokens()
    await pollOnce()
    await pollOnce(10_000)
    await pollOnce(15_000)
    await server.answerDevice(device.userCode, { approve: true })
    await clock.advance(14_999)
    expect(polledAt).toEqual([5_000, 15_000, 30_000])
    await clock.advance(1)
    expect((await waiting).accessToken).toEqual(expect.any(String))
    expect(polledAt).toEqual([5_000, 15_000, 30_000, 45_000])
  })

  it('keeps to the interval that the server names', async () => {
    const device = await begin({ fetch: withAnswer({ interval: 30 }) })
    const waiting = device.waitForTokens()
    await pollOnce(30_000)
    await server.answerDevice(device.userCode, { approve: true })
    await settle(waiting)
    expect(polledAt).toEqual([30_000, 60_000])
  })

  it('lives through a server that is down and connections that are cut, ever more slowly', async () => {
    const device = await begin()
    const waiting = device.waitForTokens()
    await pollOnce()
    await server.goDown()
    const sent = polledAt.length
    await clock.advance(interval)
    await eventually(() => polledAt.length === sent + 1 && clock.timers > 0, { description: 'a failed request' })
    await server.comeBack()
    await server.answerDevice(device.userCode, { approve: true })
    server.faults.cutConnectionBeforeCommit({ grantType })
    await pollOnce(10_000)
    await clock.advance(20_000)
    expect((await waiting).accessToken).toEqual(expect.any(String))
    expect(polledAt).toEqual([5_000, 10_000, 20_000, 40_000])
  })

  it.each([
    'throttled',
    'unavailable',
    'badGateway',
    'htmlForbidden',
    'htmlSuccess',
    'brokenJson',
    'truncated',
    'serverError',
    'redirect',
  ] as const)('lives through %s', async (name) => {
    const device = await begin()
    await server.answerDevice(device.userCode, { approve: true })
    server.faults.answerWith(tokenAnswers[name], { grantType })
    const tokens = await settle(device.waitForTokens())
    expect(tokens.accessToken).toEqual(expect.any(String))
    expect(polledAt).toEqual([5_000, 15_000])
  })

  it('heeds Retry-After', async () => {
    const device = await begin()
    await server.answerDevice(device.userCode, { approve: true })
    server.faults.answerWith(withRetryAfter(tokenAnswers.throttled, 42), { grantType })
    await settle(device.waitForTokens())
    expect(polledAt).toEqual([5_000, 47_000])
  })

  it.each(['invalidClient', 'invalidGrant', 'unauthorizedClient'] as const)('gives up after %s', async (name) => {
    const device = await begin()
    server.faults.answerWith(tokenAnswers[name], always)
    expect(await failureOf(settle(device.waitForTokens()))).toMatchObject({ code: 'refused' })
    expect(polledAt).toHaveLength(1)
  })

  it('asks once at a time for all who wait, and gives all the same tokens', async () => {
    const device = await begin()
    const waiting = [device.waitForTokens(), device.waitForTokens()]
    const gate = server.faults.hold({ grantType, times: 1 })
    await clock.advance(interval)
    await gate.arrived()
    await clock.advance(10 * interval)
    expect(polledAt).toHaveLength(1)
    gate.release()
    await server.answerDevice(device.userCode, { approve: true })
    const [one, other] = await settle(Promise.all([...waiting, device.waitForTokens()]))
    expect(other).toBe(one)
    expect(server.requests.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('stops when it is cancelled, and goes on when it is wanted again', async () => {
    const device = await begin()
    const reason = new Error('enough')
    const controller = new AbortController()
    const waiting = expect(device.waitForTokens({ signal: controller.signal })).rejects.toBe(reason)
    await pollOnce()
    controller.abort(reason)
    await waiting
    expect(clock.timers).toBe(0)
    await clock.advance(20 * interval)
    expect(polledAt).toHaveLength(1)
    await expect(device.waitForTokens({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)

    await server.answerDevice(device.userCode, { approve: true })
    expect((await settle(device.waitForTokens())).accessToken).toEqual(expect.any(String))
  })

  it('does not lose tokens that come as it is cancelled', async () => {
    const device = await begin()
    await server.answerDevice(device.userCode, { approve: true })
    const gate = server.faults.hold({ grantType, times: 1, afterCommit: true })
    const controller = new AbortController()
    const cancelled = expect(device.waitForTokens({ signal: controller.signal })).rejects.toBe('enough')
    await clock.advance(interval)
    await gate.arrived()
    controller.abort('enough')
    await cancelled
    gate.release()
    expect((await device.waitForTokens()).accessToken).toEqual(expect.any(String))
    expect(polledAt).toHaveLength(1)
  })

  it('refuses an id token that does not validate', async () => {
    const device = await begin()
    await server.answerDevice(device.userCode, { approve: true })
    server.faults.alterAnswer(withMembers({ id_token: 'eyJhbGciOiJub25lIn0.e30.' }), { grantType })
    expect(await failureOf(settle(device.waitForTokens()))).toMatchObject({ code: 'idTokenRejected' })
  })
})

/** The real fetch, where the answer of the device authorization endpoint says something else too. */
function withAnswer(members: Record<string, unknown>, init: ResponseInit = {}): Fetch {
  return async (url, request) => {
    const response = await watchedFetch(url, request)
    if (!url.endsWith('/device/auth')) return response
    const body = Object.entries({ ...((await response.json()) as object), ...members })
    return Response.json(Object.fromEntries(body.filter(([, value]) => value !== undefined)), init)
  }
}

describe('beginning', () => {
  it.each([
    ['no device code', { device_code: undefined }],
    ['an empty user code', { user_code: '' }],
    ['no page', { verification_uri: undefined }],
    ['a page that is a script', { verification_uri: 'javascript:alert(1)' }],
    ['a page without TLS', { verification_uri: 'http://login.acme.example/device' }],
    ['no lifetime', { expires_in: undefined }],
    ['a lifetime that is none', { expires_in: 'soon' }],
  ])('fails with %s', async (_name, members) => {
    const error = await failureOf(begin({ fetch: withAnswer(members) }))
    expect(error).toMatchObject({ code: 'unavailable', retryable: true })
  })

  it('reads the spelling of the drafts, and numbers in quotes', async () => {
    const changes = { verification_uri: undefined, verification_url: 'https://login.acme.example/d', expires_in: '60' }
    expect(await begin({ fetch: withAnswer(changes) })).toMatchObject({
      verificationUri: 'https://login.acme.example/d',
      expiresAt: began + 60_000,
    })
  })

  it('leaves out a page with the code in it that is no page', async () => {
    const device = await begin({ fetch: withAnswer({ verification_uri_complete: 'javascript:alert(1)' }) })
    expect(device.verificationUriComplete).toBeUndefined()
  })

  it('is refused to a client that is unknown, or asks for what it may not have', async () => {
    expect(await failureOf(begin({ clientId: 'nobody' }))).toMatchObject({
      code: 'refused',
      serverCode: 'invalid_client',
    })
    expect(await failureOf(begin({ resource: 'https://elsewhere.example' }))).toMatchObject({
      code: 'refused',
      serverCode: 'invalid_target',
    })
  })

  it.each([
    ['has no such flow', undefined],
    ['has it without https', 'http://login.acme.example/device'],
  ])('is refused where the server %s', async (_name, device_authorization_endpoint) => {
    const fetch = publishing({ device_authorization_endpoint })
    expect(await failureOf(begin({ fetch }))).toMatchObject({ code: 'refused' })
  })

  it('fails as unavailable where nobody answers', async () => {
    await server.goDown()
    expect(await failureOf(begin())).toMatchObject({ code: 'unavailable' })
  })

  it.each([503, 429])('fails as unavailable with status %d', async (status) => {
    const fetch = withAnswer({ error: 'invalid_client' }, { status })
    expect(await failureOf(begin({ fetch }))).toMatchObject({ code: 'unavailable' })
  })

  it('ends with the reason of its signal', async () => {
    await expect(begin({ signal: AbortSignal.abort('no') })).rejects.toBe('no')
    const controller = new AbortController()
    const never: Fetch = (url, init) => {
      if (!url.endsWith('/device/auth')) return fetch(url, init)
      controller.abort('enough')
      return new Promise(() => {})
    }
    await expect(begin({ signal: controller.signal, fetch: never })).rejects.toBe('enough')
  })

  it.each([
    ['scope', { scope: '' }],
    ['resource', { resource: 'nowhere' }],
    ['clock', { clock: {} }],
    ['clientId', { clientId: 7 }],
    ['prompt', { prompt: 'consent' }],
  ])('refuses a wrong %s', async (option, options) => {
    await expect(begin(options as never)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(option),
    })
  })
})

it('P55 what the server says is shown nowhere, though it quotes the device code', async () => {
  const device = await begin()
  const waiting = failureOf(device.waitForTokens())
  const gate = server.faults.hold({ grantType, times: 1 })
  await clock.advance(interval)
  await gate.arrived()
  const [code = ''] = secrets
  expect(code.length).toBeGreaterThan(12)
  server.faults.answerWith(jsonAnswer(400, { error: `no ${code}`, error_description: code }), { grantType })
  gate.release()
  await eventually(() => clock.timers > 0, { description: 'the first answer' })
  await clock.advance(interval)
  const error = await waiting
  expect(error.code).toBe('refused')
  expect(findSecrets(error, [code])).toEqual([])
})

import { createSession, memoryStore, type SessionNotice } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { beginAuthorization, completeAuthorization, refreshTokenGrant } from '@authchart/core/oauth'
import * as presets from '@authchart/core/providers'
import { createSimulatedClock } from '@authchart/core/testing'
import { createBrowser, startTenants } from '@authchart/test/authorization-server'
import { describe, expect, test } from 'vitest'
import { jsonAnswer } from '../authorization-server/http-answer.ts'
import { typesOf } from '../support/notices.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { type ProviderWorld, type Scene, startProvider } from './provider-world.ts'

const slackExpired = jsonAnswer(200, { ok: false, error: 'token_expired' })

/** Providers whose presets have more than data, and what their servers do: after the sources in `corpus`. */
const scenes: readonly Scene[] = [
  {
    name: 'Slack',
    preset: presets.slack,
    refusesCodeVerifier: true,
    tokens: (tokens) => ({
      ...tokens,
      ok: true,
      token_type: 'bot',
      expires_in: 43_200,
      team: { id: 'T1' },
      enterprise: null,
    }),
    rotates: true,
    details: { team: { id: 'T1' }, enterprise: null },
    apiRejection: slackExpired,
    passing: jsonAnswer(200, { ok: false, error: 'internal_error' }),
    dead: jsonAnswer(200, { ok: false, error: 'invalid_refresh_token' }),
  },
  {
    name: 'Slack, as a user',
    preset: presets.slack,
    // At the sign-in they are one level down.
    tokens: (tokens, isSignIn) => ({
      ok: true,
      ...(isSignIn
        ? { authed_user: { id: 'U1', token_type: 'user', expires_in: 43_200, ...tokens } }
        : { ...tokens, token_type: 'user', expires_in: 43_200 }),
      team: { id: 'T1' },
    }),
    rotates: true,
    details: { team: { id: 'T1' } },
    apiRejection: slackExpired,
    passing: jsonAnswer(200, { ok: false, error: 'fatal_error' }),
    dead: jsonAnswer(200, { ok: false, error: 'invalid_refresh_token' }),
  },
  {
    name: 'GitHub Apps',
    preset: presets.github,
    tokens: (tokens) => ({
      ...tokens,
      token_type: 'bearer',
      expires_in: 28_800,
      refresh_token_expires_in: 15_897_600,
      scope: '',
    }),
    rotates: true,
    signInLasts: 15_897_600_000,
    passing: jsonAnswer(503, { message: 'Service unavailable' }),
    dead: jsonAnswer(200, {
      error: 'bad_refresh_token',
      error_description: 'The refresh token passed is incorrect or expired.',
    }),
  },
  {
    name: 'Notion',
    preset: presets.notion,
    tokens: (tokens) => ({
      ...tokens,
      token_type: 'bearer',
      bot_id: 'b1',
      workspace_id: 'w1',
      owner: { type: 'user' },
    }),
    rotates: true,
    takesJson: true,
    details: { bot_id: 'b1', workspace_id: 'w1' },
    passing: jsonAnswer(400, {
      object: 'error',
      status: 400,
      code: 'service_unavailable',
      message: 'Try again later.',
    }),
    dead: jsonAnswer(400, { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }),
  },
  {
    name: 'Salesforce',
    preset: presets.salesforce,
    // Neither an expiry, nor another refresh token.
    tokens: ({ access_token }, isSignIn) => ({
      access_token,
      ...(isSignIn ? { refresh_token: 'refresh-1' } : {}),
      instance_url: 'https://acme.my.salesforce.com',
      issued_at: '1278448384422',
      token_type: 'Bearer',
    }),
    rotates: false,
    details: { instance_url: 'https://acme.my.salesforce.com' },
    apiRejection: jsonAnswer(401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }]),
    passing: jsonAnswer(400, { error: 'invalid_grant', error_description: 'token request is already being processed' }),
    dead: jsonAnswer(400, { error: 'invalid_grant', error_description: 'expired access/refresh token' }),
  },
  {
    name: 'Zoho',
    preset: presets.zoho('eu'),
    callback: { location: 'eu', 'accounts-server': 'https://accounts.zoho.eu' },
    tokens: ({ access_token }, isSignIn) => ({
      access_token,
      ...(isSignIn ? { refresh_token: 'refresh-1' } : {}),
      api_domain: 'https://www.zohoapis.eu',
      token_type: 'Bearer',
      expires_in: 3600,
    }),
    rotates: false,
    scheme: 'Zoho-oauthtoken',
    details: { location: 'eu', 'accounts-server': 'https://accounts.zoho.eu', api_domain: 'https://www.zohoapis.eu' },
    passing: jsonAnswer(400, {
      error: 'Access Denied',
      error_description: 'You have made too many requests continuously.',
      status: 'failure',
    }),
    dead: jsonAnswer(200, { error: 'invalid_code' }),
  },
  {
    name: 'HubSpot',
    preset: presets.hubspot,
    tokens: ({ access_token }) => ({
      access_token,
      refresh_token: 'refresh-1',
      token_type: 'bearer',
      expires_in: 1800,
    }),
    rotates: false,
    passing: jsonAnswer(429, {
      status: 'error',
      message: 'You have reached your secondly limit.',
      errorType: 'RATE_LIMIT',
    }),
    dead: jsonAnswer(400, { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' }),
  },
  {
    name: 'Zoom',
    preset: presets.zoom,
    tokens: (tokens) => ({ ...tokens, token_type: 'bearer', expires_in: 3599, scope: 'user:read' }),
    rotates: true,
    revokes: true,
    passing: jsonAnswer(400, { reason: 'Exception message', error: 'invalid_request' }),
    dead: jsonAnswer(400, { reason: 'Invalid Token!', error: 'invalid_request' }),
  },
  {
    name: 'QuickBooks Online',
    preset: presets.quickbooks,
    callback: { realmId: '4620816365' },
    tokens: (tokens) => ({ ...tokens, token_type: 'bearer', expires_in: 3600, x_refresh_token_expires_in: 8_726_400 }),
    rotates: true,
    revokes: true,
    signInLasts: 8_726_400_000,
    details: { realmId: '4620816365' },
    passing: jsonAnswer(500, { error: 'server_error' }),
    dead: jsonAnswer(400, { error: 'invalid_grant' }),
  },
  {
    name: 'Square',
    preset: presets.square,
    tokens: ({ access_token }) => ({
      access_token,
      refresh_token: 'refresh-1',
      token_type: 'bearer',
      expires_at: new Date(Date.now() + 30 * 24 * 3_600_000).toISOString(),
      merchant_id: 'M1',
    }),
    rotates: false,
    takesJson: true,
    passing: jsonAnswer(503, { errors: [{ category: 'API_ERROR', code: 'SERVICE_UNAVAILABLE' }] }),
    dead: jsonAnswer(401, { message: 'Invalid refresh token', type: 'service.not_authorized' }),
  },
  {
    name: 'LinkedIn',
    preset: presets.linkedin,
    scope: 'openid',
    refusesCodeVerifier: true,
    tokens: ({ access_token }) => ({
      access_token,
      expires_in: 5_184_000,
      refresh_token: 'refresh-1',
      refresh_token_expires_in: 31_536_000,
    }),
    rotates: false,
    signInLasts: 31_536_000_000,
    passing: jsonAnswer(503, {}),
    dead: jsonAnswer(400, { error: 'invalid_request' }),
  },
  {
    name: 'Shopify',
    preset: presets.shopify('acme'),
    tokens: (tokens) => ({ ...tokens, expires_in: 3600, refresh_token_expires_in: 7_776_000, scope: 'read_products' }),
    rotates: true,
    signInLasts: 7_776_000_000,
    header: 'x-shopify-access-token',
    scheme: '',
    passing: jsonAnswer(502, {}),
    dead: jsonAnswer(401, {
      error: 'invalid_request',
      error_description: 'This request requires an active refresh_token',
    }),
  },
]

/** Ten refreshes, asked for and by rejection in turn; each is one token request, and the API is served after each. */
async function refreshTenTimes({ scene, session, server, api }: ProviderWorld): Promise<void> {
  const send = createFetch(session)
  for (let times = 0; times < 10; times += 1) {
    const before = server.refreshes
    if (times % 2 === 0) await session.refresh()
    else api.expireTokens()
    expect((await send(api.origin)).status).toBe(200)
    expect(server.refreshes).toBe(before + 1)
    expect(session.details).toEqual(scene.details)
    expect(session.getSnapshot()).toMatchObject({ signedIn: true, usable: true })
  }
}

/** What the session says of a signed-in user, from here on. */
function without(notices: readonly SessionNotice[], type: SessionNotice['type']): SessionNotice[] {
  return notices.filter((notice) => notice.type !== type)
}

describe.each(scenes)('P89 a whole session at $name, with its preset', (scene) => {
  test('signs in, refreshes ten times, outlasts a fault that passes, and signs out', async () => {
    await using world = await startProvider(scene)
    const { session, server, api, clock, notices } = world
    await world.signIn()
    expect(session.details).toEqual(scene.details)
    expect((await createFetch(session)(api.origin)).status).toBe(200)
    const { signInLasts } = scene
    const { signInExpiresAt } = session.getSnapshot()
    expect(signInExpiresAt === undefined ? undefined : Math.round((signInExpiresAt - clock.now()) / 60_000)).toBe(
      signInLasts === undefined ? undefined : Math.round(signInLasts / 60_000),
    )
    await refreshTenTimes(world)
    // Each refresh token is used once where it is replaced.
    const used = server.refreshTokens
    expect(new Set(used).size).toBe(scene.rotates ? used.length : 1)

    server.answer = scene.passing
    for (let times = 0; times < 12; times += 1) {
      await passTimeWhile(clock, session.refresh()).catch(() => {})
      expect(session.getSnapshot()).toMatchObject({ signedIn: true, usable: true, reason: undefined })
      expect((await createFetch(session)(api.origin)).status).toBe(200)
      await clock.advance(60_000)
    }
    expect(session.getSnapshot().status).toBe('transientFailure')
    server.answer = undefined
    await clock.advance(3_600_000)
    await session.refresh()
    expect((await createFetch(session)(api.origin)).status).toBe(200)
    expect(typesOf(notices)).not.toContain('ended')

    const isRevoking = scene.revokes === true
    await session.signOut()
    expect(session.getSnapshot().status).toBe('signedOut')
    expect(session.details).toBeUndefined()
    expect(server.revoked.length > 0).toBe(isRevoking)
    // Where tokens cannot be revoked, they live on: that is said.
    expect(typesOf(notices).includes('revocationFailed')).toBe(!isRevoking)
  })

  test('ends with a refresh token that is dead, within two minutes of trying, and says to sign in again', async () => {
    await using world = await startProvider(scene)
    const { session, server, clock, notices } = world
    await world.signIn()
    await session.refresh()
    server.answer = scene.dead
    const begun = clock.now()
    while (session.getSnapshot().status !== 'invalidated' && clock.now() - begun < 120_000) {
      await passTimeWhile(clock, session.refresh()).catch(() => {})
      await clock.advance(20_000)
    }
    const { status, reason } = session.getSnapshot()
    expect({ status, reason }).toEqual({
      status: 'invalidated',
      reason: expect.stringMatching(/^(grant|request)Rejected$/),
    })
    const ended = without(notices, 'signedIn').filter(({ type }) => type === 'ended')
    expect(ended).toMatchObject([{ type: 'ended', advice: expect.stringContaining('sign in again') }])
    server.answer = undefined
    await world.signIn()
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh', signedIn: true })
  })
})

test('P92 a whole session at Microsoft Entra, for accounts of any tenant, with its preset', async () => {
  await using tenants = await startTenants()
  const [first] = tenants.servers
  if (first === undefined) throw new Error('There is no tenant')
  const { publicClient, redirectUri } = first
  const options = { ...presets.entraMultiTenant, issuer: tenants.issuerOf('common'), clientId: publicClient.id }
  const { url, transaction } = await beginAuthorization({
    ...options,
    redirectUri,
    scope: 'openid offline_access',
    prompt: 'consent',
    loginHint: 'alice@first.example',
  })
  const tokens = await completeAuthorization(
    transaction,
    await createBrowser().visit(url, { until: redirectUri }),
    options,
  )
  const clock = createSimulatedClock({ now: Date.now() })
  const grant = refreshTokenGrant(options)
  await using session = createSession({ key: 'a', store: memoryStore(), runtime: { clock, random: () => 0 }, grant })
  await session.signIn(tokens)
  for (let times = 0; times < 10; times += 1) await session.refresh()
  const entraError = (error: string, code: number, more: object = {}) =>
    jsonAnswer(400, { error, error_description: `AADSTS${code}: …`, error_codes: [code], ...more })

  // A service behind it is late: it says `invalid_grant` of that as well.
  first.faults.answerWith(entraError('invalid_grant', 90_033), { times: 12 })
  for (let times = 0; times < 12; times += 1) {
    await passTimeWhile(clock, session.refresh()).catch(() => {})
    await clock.advance(60_000)
  }
  expect(session.getSnapshot()).toMatchObject({ signedIn: true, status: 'transientFailure', reason: undefined })
  await clock.advance(600_000)
  await session.refresh()
  // What an administrator wants can be had without a sign-in: the refresh token is kept.
  first.faults.answerWith(entraError('interaction_required', 50_076))
  await passTimeWhile(clock, session.refresh()).catch(() => {})
  expect(session.getSnapshot()).toMatchObject({ status: 'invalidated', reason: 'grantRejected' })
  await session.refresh()
  expect(session.getSnapshot()).toMatchObject({ status: 'fresh' })
  first.faults.answerWith(entraError('invalid_grant', 700_082, { suberror: 'bad_token' }))
  await passTimeWhile(clock, session.refresh()).catch(() => {})
  expect(session.getSnapshot()).toMatchObject({ status: 'invalidated', reason: 'grantRejected' })
  await expect(session.refresh()).rejects.toMatchObject({ reason: 'grantRejected' })
  await session.signOut()
  expect(session.getSnapshot().status).toBe('signedOut')
})

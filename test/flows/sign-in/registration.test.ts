import { createSession, isSignInError, memoryStore } from '@authchart/core'
import {
  authorizationServer,
  type ClientRegistrationOptions,
  clientCredentialsGrant,
  type Fetch,
  refreshTokenGrant,
  registerClient,
} from '@authchart/core/oauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '../../authorization-server/index.ts'
import { findSecrets } from '../../support/find-secrets.ts'
import { collectNotices } from '../../support/notices.ts'
import { publishing } from '../../support/published-metadata.ts'
import { tokenSetOf } from '../../support/signed-in-session.ts'

const initialAccessToken = 'initial-access-token-6f1c9a'
const callback = 'http://127.0.0.1/callback'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ registration: { initialAccessToken } })
})

afterAll(() => server[Symbol.asyncDispose]())

function register(
  options: { [Name in keyof ClientRegistrationOptions]?: ClientRegistrationOptions[Name] | undefined } = {},
) {
  const all = { issuer: server.issuer, redirectUris: [callback], initialAccessToken, ...options }
  return registerClient(all as ClientRegistrationOptions)
}

/** The real fetch, where the answer of the registration endpoint is changed. */
function withAnswer(change: (members: Record<string, unknown>) => unknown, init: ResponseInit = {}): Fetch {
  return async (url, request) => {
    const response = await fetch(url, request)
    if (!url.endsWith('/reg')) return response
    const changed = change((await response.json()) as Record<string, unknown>)
    return typeof changed === 'string' ? new Response(changed, init) : Response.json(changed, { status: 201, ...init })
  }
}

async function failureOf(work: Promise<unknown>) {
  const error = await work.then(
    () => new Error('It did not fail'),
    (thrown: unknown) => thrown,
  )
  if (!isSignInError(error)) throw error
  expect(findSecrets(error, [initialAccessToken])).toEqual([])
  return error
}

describe('registering a client', () => {
  it('gives one that can sign in and refresh', async () => {
    const registration = await register({ clientName: 'Acme', extraMetadata: { client_uri: 'https://acme.example' } })
    expect(registration).toEqual({
      clientId: expect.any(String),
      registrationAccessToken: expect.any(String),
      registrationClientUri: `${server.issuer}/reg/${registration.clientId}`,
      granted: expect.objectContaining({
        client_name: 'Acme',
        client_uri: 'https://acme.example',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [callback],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      }),
      client: { clientId: registration.clientId, dynamicallyRegistered: true },
    })
    expect(findSecrets(registration.granted, [registration.registrationAccessToken ?? ''])).toEqual([])

    await using session = createSession({
      key: 'acme:alice',
      store: memoryStore(),
      grant: refreshTokenGrant({ issuer: server.issuer, ...registration.client }),
    })
    await session.signIn(tokenSetOf(await server.signIn({ client: { id: registration.clientId } })))
    expect((await session.refresh()).value).toEqual(expect.any(String))

    // A server that has forgotten the client: the operator is told to register again.
    const notices = collectNotices(session)
    server.faults.answerWith(tokenAnswers.invalidClient)
    await session.refresh().catch(() => {})
    expect(notices).toMatchObject([{ type: 'ended', advice: expect.stringContaining('register it again') }])
  })

  it.each(['client_secret_basic', 'client_secret_post'] as const)('with a secret, sent by %s', async (method) => {
    const registration = await register({
      redirectUris: undefined,
      grantTypes: ['client_credentials'],
      authenticationMethod: method,
      applicationType: 'web',
    })
    const { clientSecret = '' } = registration
    expect(clientSecret.length).toBeGreaterThan(20)
    expect(registration.clientSecretExpiresAt).toBeUndefined()
    expect(findSecrets(registration.granted, [clientSecret])).toEqual([])
    await using session = createSession({
      key: 'acme:service',
      store: memoryStore(),
      grant: clientCredentialsGrant({ issuer: server.issuer, ...registration.client }),
    })
    expect((await session.getAccessToken()).value).toEqual(expect.any(String))
  })

  it('tells when its secret expires, in milliseconds, and does not send one that it need not', async () => {
    const fetch = withAnswer((members) => ({
      ...members,
      client_secret: 'not needed',
      client_secret_expires_at: 2_000_000_000,
    }))
    const registration = await register({ fetch })
    expect(registration).toMatchObject({ clientSecret: 'not needed', clientSecretExpiresAt: 2_000_000_000_000 })
    expect(registration.client).toEqual({ clientId: registration.clientId, dynamicallyRegistered: true })
  })
})

it('takes a server that was checked for another client', async () => {
  const checked = authorizationServer({ issuer: server.issuer, clientId: 'of before' })
  const registration = await registerClient({ ...checked, redirectUris: [callback], initialAccessToken })
  expect(registration.clientId).not.toBe('of before')
})

describe('a registration that fails', () => {
  it('says what the server says', async () => {
    expect(await failureOf(register({ redirectUris: ['http://acme.example/callback'] }))).toMatchObject({
      code: 'refused',
      serverCode: 'invalid_redirect_uri',
      message: expect.stringContaining('register'),
    })
    expect(await failureOf(register({ grantTypes: ['made_up'] }))).toMatchObject({
      code: 'refused',
      serverCode: 'invalid_client_metadata',
    })
  })

  it('is refused without the initial access token, or with a wrong one', async () => {
    const anonymous = registerClient({ issuer: server.issuer, redirectUris: [callback] })
    expect(await failureOf(anonymous)).toMatchObject({ code: 'refused' })
    expect(await failureOf(register({ initialAccessToken: 'a-wrong-initial-token' }))).toMatchObject({
      code: 'refused',
      serverCode: 'invalid_token',
    })
  })

  it.each([
    ['registers no clients', undefined],
    ['does so without https', 'http://login.example/reg'],
  ])('is refused where the server %s', async (_name, registration_endpoint) => {
    await using other = await startAuthorizationServer()
    const fetch = publishing({ registration_endpoint })
    expect(await failureOf(register({ issuer: other.issuer, fetch }))).toMatchObject({ code: 'refused' })
  })

  it.each<[string, Fetch]>([
    ['no client id', withAnswer(({ client_id: _, ...members }) => members)],
    ['a page', withAnswer(() => '<html>')],
    ['half an answer', withAnswer(() => '{"client_id":"cut')],
    ['a 503', withAnswer(() => ({}), { status: 503 })],
    ['a firewall', withAnswer(() => '<html>', { status: 403 })],
  ])('is unavailable after %s', async (_name, fetch) => {
    expect(await failureOf(register({ fetch }))).toMatchObject({ code: 'unavailable', retryable: true })
  })

  it('P55 shows no token that the server quotes', async () => {
    const fetch = withAnswer(() => ({ error: `bad_${initialAccessToken}`, error_description: initialAccessToken }), {
      status: 400,
    })
    expect(await failureOf(register({ fetch }))).toMatchObject({ code: 'refused' })
  })

  it('ends with the reason of its signal', async () => {
    await expect(register({ signal: AbortSignal.abort('no') })).rejects.toBe('no')
    const controller = new AbortController()
    const never: Fetch = (url, init) => {
      if (!url.endsWith('/reg')) return fetch(url, init)
      controller.abort('enough')
      return new Promise(() => {})
    }
    await expect(register({ signal: controller.signal, fetch: never })).rejects.toBe('enough')
  })

  it.each<[string, object]>([
    ['issuer', { issuer: 'http://login.acme.example' }],
    ['redirectUris', { redirectUris: undefined }],
    ['redirectUris', { redirectUris: [] }],
    ['redirectUris', { redirectUris: ['nowhere'] }],
    ['redirectUris', { redirectUris: 'https://acme.example' }],
    ['clientName', { clientName: '' }],
    ['grantTypes', { grantTypes: [7] }],
    ['scope', { scope: 7 }],
    ['extraMetadata', { extraMetadata: 'none' }],
    ['initialAccessToken', { initialAccessToken: '' }],
    ['initialAccessToken', { initialAccessToken: 'two words' }],
    ['clientId', { clientId: 'mine' }],
  ])('refuses a wrong %s at once: %j', async (option, options) => {
    await expect(register(options)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(option),
    })
  })
})

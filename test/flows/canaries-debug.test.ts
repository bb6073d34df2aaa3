import type { SessionDebugEntry, TokenEndpointFailureFacts } from '@authchart/core'
import {
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  refreshTokenGrant,
} from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import {
  type AuthorizationServer,
  type HttpAnswer,
  jsonAnswer,
  type RegisteredClient,
  startAuthorizationServer,
  tokenAnswers,
  withMembers,
} from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findSecrets } from '../support/find-secrets.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'
import { confidentialClient } from '../support/watched-session.ts'

const always = { times: Number.POSITIVE_INFINITY }

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    clients: [confidentialClient(basicClient, 'client_secret_basic'), confidentialClient(postClient)],
  })
})
afterEach(async () => {
  server.faults.clear()
  await server.comeBack()
})
afterAll(() => server.close())

/** What a program that logs everything would have logged of a session with one failing and one good refresh. */
interface Log {
  readonly entries: readonly SessionDebugEntry[]
  readonly failures: readonly TokenEndpointFailureFacts[]
  readonly secrets: ReadonlySet<string>
}

type Arm = (secrets: { refreshToken: string; accessToken: string; clientSecret: string }) => unknown

interface Client extends RegisteredClient {
  readonly authentication: (secret: string) => ClientAuthentication | undefined
}

/** With characters that have to be encoded on their way, and with what looks like the name of a secret. */
const basicClient = { id: 'app-basic', secret: 'secret:Zq7 of u+9 w%2F/"-Lr3!xT&0=pM' }
const postClient = { id: 'app-post', secret: 'token=Hy5 is e+4 k%2F/\\-Wd8!cB&1=vN' }
const clients: readonly [name: string, client: Client][] = [
  ['no', { id: 'public-client', authentication: () => undefined }],
  ['client_secret_basic', { ...basicClient, authentication: clientSecretBasic }],
  ['client_secret_post', { ...postClient, authentication: clientSecretPost }],
]

async function logRefresh(client: Client, arm: Arm): Promise<Log> {
  const authentication = client.authentication(client.secret ?? '')
  const clock = createSimulatedClock()
  const store = createTroubledStore()
  const entries: SessionDebugEntry[] = []
  const failures: TokenEndpointFailureFacts[] = []
  await using session = openSession(server, {
    runtime: { clock, random: () => 0 },
    store,
    grant: refreshTokenGrant({
      issuer: server.issuer,
      clientId: client.id,
      ...(authentication === undefined ? {} : { clientAuthentication: authentication }),
    }),
    debug: (entry) => entries.push(entry),
    classifyFailure(facts) {
      failures.push(facts)
      return undefined
    },
  })
  const raw = await server.signIn({ client })
  await session.signIn(tokenSetOf(raw))
  const secrets = new Set([raw.access_token, raw.refresh_token ?? '', raw.id_token ?? ''])
  const { secret: clientSecret = 'the-public-client-has-no-secret' } = client
  if (client.secret !== undefined) {
    secrets.add(clientSecret)
    secrets.add(Buffer.from(`${client.id}:${clientSecret}`).toString('base64'))
    secrets.add(Buffer.from(`${client.id}:${encodeURIComponent(clientSecret)}`).toString('base64'))
  }
  await arm({ refreshToken: raw.refresh_token ?? '', accessToken: raw.access_token, clientSecret })
  await passTimeWhile(clock, session.refresh(), { stepMilliseconds: 100 }).catch(() => {})
  server.faults.clear()
  await server.comeBack()
  await clock.advance(3_600_000)
  await passTimeWhile(clock, session.refresh(), { stepMilliseconds: 100 }).catch(() => {})

  for (const { secrets: stored } of store.written) {
    const { accessToken, refreshToken, idToken } = stored?.tokenSet ?? {}
    for (const token of [accessToken, refreshToken, idToken]) if (token !== undefined) secrets.add(token)
  }
  return { entries, failures, secrets }
}

function expectNothingShown({ entries, failures, secrets }: Log): void {
  expect(entries.length).toBeGreaterThan(2)
  for (const entry of entries) expect(entry).toMatchObject({ key: sessionKey, at: expect.any(Number) })
  expect(findSecrets(entries, secrets)).toEqual([])
  expect(findSecrets(failures, secrets)).toEqual([])
}

const presets: [name: string, arm: Arm][] = [
  ...Object.entries(tokenAnswers).map(([name, answer]): [string, Arm] => [
    name,
    () => server.faults.answerWith(answer, always),
  ]),
  ['nothing wrong', () => {}],
  ['the server down', () => server.goDown()],
  ['a connection cut before the request was read', () => server.faults.cutConnectionBeforeCommit(always)],
  ['an answer lost', () => server.faults.dropAnswerAfterCommit(always)],
  ['an answer cut', () => server.faults.truncateAnswerAfterCommit(always)],
]

test.each(presets)('P54 the debug output shows no secret: %s', async (_name, arm) => {
  expectNothingShown(await logRefresh({ ...postClient, authentication: clientSecretPost }, arm))
})

describe.each(clients)('P54 the debug output of a client with %s authentication', (name, client) => {
  test.each(echoes())('P54 shows no secret that the server sends back: %s', async (_name, echo) => {
    const log = await logRefresh(client, ({ refreshToken, accessToken, clientSecret }) =>
      server.faults.answerWith(echo([refreshToken, accessToken, clientSecret]), always),
    )
    expectNothingShown(log)
  })

  test('P54 shows what is no secret', async () => {
    const { entries } = await logRefresh(client, () => server.faults.answerWith(tokenAnswers.invalidGrantAsHtml))
    const request = entries.find(({ type }) => type === 'tokenRequest')
    expect(request).toMatchObject({ url: server.tokenEndpoint, body: { grant_type: 'refresh_token' } })
    expect(request).toMatchObject({ body: { refresh_token: '[redacted]' } })
    if (name !== 'client_secret_basic') expect(request).toMatchObject({ body: { client_id: client.id } })
    if (name === 'client_secret_post') expect(request).toMatchObject({ body: { client_secret: '[redacted]' } })
    expect(entries).toContainEqual(
      expect.objectContaining({
        type: 'tokenResponse',
        status: 400,
        headers: expect.objectContaining({ 'content-type': 'text/html' }),
        body: { error: 'invalid_grant', error_description: 'The server says invalid_grant' },
      }),
    )
  })
})

/** Answers of servers that quote what they were sent, wherever they can. */
function echoes(): [name: string, echo: (secrets: readonly string[]) => HttpAnswer][] {
  const quote = (secrets: readonly string[]) => secrets.join(' and ')
  const printable = (secrets: readonly string[]) => encodeURIComponent(quote(secrets))
  return [
    ['in the description', (secrets) => jsonAnswer(400, { error: 'invalid_grant', error_description: quote(secrets) })],
    ['as the error', ([refreshToken]) => jsonAnswer(400, { error: refreshToken })],
    ['as the error, in words', (secrets) => jsonAnswer(400, { error: `bad ${quote(secrets)}` })],
    ['as the code of an error', ([refreshToken]) => jsonAnswer(400, { error: 'no', code: refreshToken })],
    ['as the names of members', (secrets) => jsonAnswer(400, Object.fromEntries(secrets.map((name) => [name, 1])))],
    ['deep down', (secrets) => jsonAnswer(400, { error: 'no', a: [[{ b: { c: [{ d: quote(secrets) }] } }]] })],
    ['as JSON in JSON', (secrets) => jsonAnswer(400, { error: 'no', request: JSON.stringify({ sent: secrets }) })],
    ['in a form', (secrets) => ({ status: 400, body: `error=no&error_description=${printable(secrets)}` })],
    ['in a page', (secrets) => ({ status: 403, body: `<p>Blocked: ${quote(secrets)}</p>` })],
    ['in a text', (secrets) => ({ status: 500, body: `Fatal: ${quote(secrets)}` })],
    [
      'in headers',
      (secrets) => ({
        status: 400,
        headers: {
          'set-cookie': `token=${printable(secrets)}`,
          location: `/login?token=${printable(secrets)}#${printable(secrets)}`,
          'www-authenticate': `Bearer error_description="${printable(secrets)}"`,
          'x-request': quote(secrets),
          'x-token': secrets[0] ?? '',
        },
      }),
    ],
    [
      'in the headers that are read',
      (secrets) => ({
        status: 400,
        headers: { 'content-type': `text/plain; sent="${printable(secrets)}"`, 'retry-after': secrets[0] ?? '' },
      }),
    ],
    [
      'in a success',
      (secrets) => jsonAnswer(200, { access_token: 'canary-access-token', token_type: 'Bearer', note: quote(secrets) }),
    ],
    ['in a success without a token', (secrets) => jsonAnswer(200, { note: quote(secrets) })],
  ]
}

test('P54 shows nothing of any member that is secret by its name', async () => {
  const names = [
    'access_token',
    'refresh_token',
    'id_token',
    'code',
    'code_verifier',
    'client_secret',
    'client_assertion',
    'device_code',
    'dpop',
    'DPoP',
    'password',
    'registration_access_token',
    'subject_token',
    'assertion',
  ]
  const canaries = Object.fromEntries(names.map((name) => [name, `canary-of-${name}-0123456789`]))
  const log = await logRefresh({ id: 'public-client', authentication: () => undefined }, () => {
    server.faults.alterAnswer(withMembers({ ...canaries, nested: [{ ...canaries }], status_code: 401 }))
  })
  expect(findSecrets(log.entries, Object.values(canaries))).toEqual([])
  expect(log.entries).toContainEqual(
    expect.objectContaining({ type: 'tokenResponse', body: expect.objectContaining({ status_code: 401 }) }),
  )
})

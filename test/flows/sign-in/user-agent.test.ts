import type { IncomingMessage } from 'node:http'
import {
  beginAuthorization,
  beginDeviceAuthorization,
  completeAuthorization,
  refreshTokenGrant,
  registerClient,
} from '@authchart/core/oauth'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { jsonAnswer, writeAnswer } from '../../authorization-server/http-answer.ts'
import { type LoopbackServer, startLoopbackServer } from '../../authorization-server/loopback-server.ts'

/** A server that refuses requests without a name, and forgets what it published from test to test. */
let server: LoopbackServer
let tenant = 0
const seen: { path: string; userAgent: string | undefined }[] = []

const issuer = () => `${server.origin}/${tenant}`

function answerTo({ url = '' }: IncomingMessage): unknown {
  if (url.includes('.well-known')) {
    const names = ['authorization', 'token', 'revocation', 'registration', 'device_authorization']
    const pushed = {
      pushed_authorization_request_endpoint: `${issuer()}/par`,
      require_pushed_authorization_requests: true,
    }
    return {
      issuer: issuer(),
      ...pushed,
      ...Object.fromEntries(names.map((name) => [`${name}_endpoint`, `${issuer()}/${name}`])),
    }
  }
  if (url.endsWith('/par')) return { request_uri: 'urn:request:1', expires_in: 60 }
  if (url.endsWith('/registration')) return { client_id: 'app', redirect_uris: ['http://127.0.0.1/callback'] }
  if (url.endsWith('/device_authorization')) {
    return { device_code: 'device-code', user_code: 'USER', verification_uri: `${issuer()}/device`, expires_in: 60 }
  }
  return { access_token: 'access', refresh_token: 'refresh', token_type: 'Bearer', expires_in: 60 }
}

beforeAll(async () => {
  server = await startLoopbackServer((request, response) => {
    request.resume()
    const { 'user-agent': userAgent } = request.headers
    seen.push({ path: request.url?.replace(/^\/\d+/, '') ?? '', userAgent })
    const isPar = request.url?.endsWith('/par') === true || request.url?.endsWith('/registration') === true
    void writeAnswer(response, jsonAnswer(isPar ? 201 : 200, answerTo(request)))
  })
})
beforeEach(() => {
  tenant += 1
  seen.length = 0
})
afterAll(() => server.close())

test.each([
  { name: 'the name of the app', userAgent: 'acme-cli/7.1 (+https://acme.example)', expected: /^acme-cli\/7\.1 / },
  { name: 'that of the library', userAgent: undefined, expected: /^authchart\// },
])('every request to an authorization server carries $name, outside browsers', async ({ userAgent, expected }) => {
  const options = { issuer: issuer(), clientId: 'app', userAgent }
  const redirectUri = 'http://127.0.0.1/callback'
  await registerClient({ issuer: issuer(), userAgent, redirectUris: [redirectUri] })
  const { transaction } = await beginAuthorization({ ...options, redirectUri })
  await completeAuthorization(transaction, `${redirectUri}?code=code&state=${transaction.state}`, options)
  const device = await beginDeviceAuthorization(options)
  expect(device.userCode).toBe('USER')
  const grant = refreshTokenGrant(options)
  const { signal } = new AbortController()
  await grant.refresh({ refreshToken: 'refresh', signal, now: Date.now })
  await grant.revoke?.(
    { accessToken: 'access', refreshToken: 'refresh', tokenType: 'Bearer', receivedAt: Date.now() },
    { signal },
  )
  expect(await grant.isReachable?.({ signal })).toBe(true)
  const paths = seen.map(({ path }) => path)
  for (const path of ['/registration', '/par', '/token', '/device_authorization', '/revocation']) {
    expect(paths).toContain(path)
  }
  expect(paths.filter((path) => path.includes('.well-known')).length).toBeGreaterThanOrEqual(2)
  for (const { path, userAgent: named } of seen)
    expect({ path, named }).toEqual({ path, named: expect.stringMatching(expected) })
})

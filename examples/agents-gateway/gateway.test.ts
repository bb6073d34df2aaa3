import { memoryStore } from '@authchart/core'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Configuration } from './configuration.ts'
import { createGateway } from './gateway.ts'
import { createGrants } from './grants.ts'
import { createMetrics } from './metrics.ts'

let server: AuthorizationServer
let configuration: Configuration

beforeAll(async () => {
  server = await startAuthorizationServer()
  const { issuer, publicClient } = server
  configuration = {
    providers: [{ name: 'mail', issuer, clientId: publicClient.id, scope: 'openid', apiUrl: 'https://api.example' }],
    publicUrl: 'https://gateway.example',
    port: 0,
    gatewayKey: 'key-of-the-agents',
    sessionKey: new Uint8Array(32),
    keepAliveDays: 30,
  }
})
afterAll(() => server.close())

async function ask(path: string, headers: Record<string, string>): Promise<number> {
  const metrics = createMetrics()
  await using grants = createGrants({ store: memoryStore(), metrics })
  return (await createGateway(configuration, { grants, metrics }).request(path, { headers })).status
}

const own = { host: 'gateway.example' }

test.each([
  ['by its name', own, [302, 400]],
  ['by its name, from a page of its own', { ...own, origin: 'https://gateway.example' }, [302, 400]],
  ['by a name that leads here', { host: 'evil.example' }, [403, 403]],
  ['by that name, from a page of it', { host: 'evil.example', origin: 'https://evil.example' }, [403, 403]],
  ['from a page of another site', { ...own, origin: 'https://evil.example' }, [403, 403]],
  ['from a page without a name', { ...own, origin: 'null' }, [403, 403]],
])('a browser that comes %s', async (_name, headers, statuses) => {
  const paths = ['/connect/mail?user=alice', '/callback?code=a&state=b']
  expect(await Promise.all(paths.map((path) => ask(path, headers)))).toEqual(statuses)
})

test.each(['/metrics', '/call/mail/alice/things'])('%s needs the key, whoever asks', async (path) => {
  expect(await ask(path, own)).toBe(401)
  expect(await ask(path, { ...own, 'x-gateway-key': 'another-key-here!' })).toBe(401)
})

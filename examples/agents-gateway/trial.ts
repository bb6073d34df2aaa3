import { randomBytes } from 'node:crypto'
import { startApi, startAuthorizationServer } from '@authchart/test/authorization-server'
import type { Provider } from './configuration.ts'

/** Two providers on loopback, each with an authorization server and an API, and the settings for them. */
export interface Trial extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>
  describe(): string
}

/** Short, so that one sees it refresh. */
const accessTokenSeconds = 5
const graceMilliseconds = 30_000

/** Starts both. */
export async function startTrial({ PORT: port = '8080', HOST: host = '127.0.0.1' }: NodeJS.ProcessEnv): Promise<Trial> {
  const providers = await Promise.all(['calendar', 'mail'].map(startProvider))
  const environment = {
    PROVIDERS: JSON.stringify(providers.map(({ provider }) => provider)),
    PUBLIC_URL: `http://${host}:${port}`,
    PORT: port,
    GATEWAY_KEY: process.env.GATEWAY_KEY ?? randomBytes(16).toString('base64url'),
    SESSION_KEY: process.env.SESSION_KEY ?? randomBytes(32).toString('base64'),
  }
  return {
    environment,
    describe: () => describeTrial(environment),
    async [Symbol.asyncDispose]() {
      for (const { close } of providers) await close()
    },
  }
}

async function startProvider(name: string): Promise<{ provider: Provider; close(): Promise<void> }> {
  const server = await startAuthorizationServer({
    lifetimes: { accessToken: accessTokenSeconds },
    wantsPromptForOfflineAccess: false,
  })
  // As most providers do: a refresh token that was just spent is answered once more, for those who lost the answer.
  server.faults.setGrace(graceMilliseconds)
  const api = await startApi({ authorizationServer: server })
  const { id, secret } = server.secretBasicClient
  return {
    provider: {
      name,
      issuer: server.issuer,
      clientId: id,
      clientSecret: secret,
      scope: 'openid offline_access',
      apiUrl: api.origin,
    },
    async close() {
      await api.close()
      await server.close()
    },
  }
}

function describeTrial({ PUBLIC_URL, GATEWAY_KEY }: { PUBLIC_URL: string; GATEWAY_KEY: string }): string {
  const cookies = `curl -s -c /tmp/cookies -b /tmp/cookies -L`
  return `The gateway listens at ${PUBLIC_URL}. Tokens live for ${accessTokenSeconds} s. Try:

  ${cookies} '${PUBLIC_URL}/connect/calendar?user=alice'    alice lets it use her calendar
  curl -i -H 'x-gateway-key: ${GATEWAY_KEY}' ${PUBLIC_URL}/call/calendar/alice/events
  curl -i -H 'x-gateway-key: ${GATEWAY_KEY}' ${PUBLIC_URL}/metrics
  curl -s ${PUBLIC_URL}/healthz                               names a process: kill it, and go on calling

Ctrl-C stops it.
`
}

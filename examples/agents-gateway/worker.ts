import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { readConfiguration } from './configuration.ts'
import { createGateway } from './gateway.ts'
import { createGrants } from './grants.ts'
import { keepAlive } from './keep-alive.ts'
import { createMetrics } from './metrics.ts'
import { openStore } from './open-store.ts'

const hour = 3_600_000
const keepAlivePerSecond = 0.5

/** One process of the gateway: serves until it is told to stop, then finishes what is under way. */
export async function runWorker(): Promise<void> {
  const configuration = readConfiguration(process.env)
  await using opened = openStore(configuration)
  const { store } = opened
  await store.check('gateway')
  const metrics = createMetrics()
  await using grants = createGrants({ store, metrics })

  const stopping = new AbortController()
  const rounds = setInterval(() => void keepAllAlive(), hour)
  async function keepAllAlive(): Promise<void> {
    for (const provider of configuration.providers) {
      const pace = { days: configuration.keepAliveDays, perSecond: keepAlivePerSecond, signal: stopping.signal }
      // A round that fails is one that is missed.
      const progress = await keepAlive({ store, grants, provider }, pace).catch(() => undefined)
      if (progress !== undefined) console.log(JSON.stringify({ event: 'keptAlive', ...progress }))
    }
  }

  const { port, publicUrl } = configuration
  const app = createGateway(configuration, { grants, metrics })
  const server = serve({ fetch: app.fetch, port, hostname: new URL(publicUrl).hostname })
  await once(server, 'listening')
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), once(process, 'disconnect')])
  stopping.abort()
  clearInterval(rounds)
  const closed = once(server, 'close')
  server.close()
  if ('closeIdleConnections' in server) server.closeIdleConnections()
  await closed
}

/**
 * Puts the same load, with kills and suspensions, on sessions in PostgreSQL and on a lock by hand in Redis, and writes what
 * becomes of them into docs/performance.md: `pnpm bench:kills`. Needs both: `apt-get install postgresql redis-server`.
 */
import { loadavg } from 'node:os'
import { createTables, signInExpired, storeInput } from '../../support/postgres/holders.ts'
import { startPostgres } from '../../support/postgres/postgres-server.ts'
import { startRedis } from '../../support/redis/redis-server.ts'
import { openRedisTokens } from '../../support/redis/redis-tokens.ts'
import { type DeadlyLoad, describeDeadlyLoad, runDeadlyLoad } from './deadly-load.ts'
import { writeResults } from './write-results.ts'

const table = await compareWithRedis()
const load = (loadavg()[0] ?? 0).toFixed(1)
writeResults(
  'kills',
  `${table}\n\nMeasured on ${new Date().toISOString().slice(0, 10)}; load average ${load} at the end.`,
)

async function compareWithRedis(): Promise<string> {
  await using redis = await startRedis()
  await using postgres = await startPostgres()
  const columns: Record<string, DeadlyLoad> = {}
  for (const graceMilliseconds of [10_000, 0]) {
    const grace = graceMilliseconds === 0 ? 'no grace' : `a grace of ${graceMilliseconds / 1000} s`
    columns[`Redis lock, ${grace}`] = await runDeadlyLoad({
      graceMilliseconds,
      async prepare({ issuer, clientId }, tokenSets) {
        await using tokens = await openRedisTokens({ url: redis.url, issuer, clientId })
        for (const [key, tokenSet] of Object.entries(tokenSets)) await tokens.save(key, { ...tokenSet, expiresIn: 0 })
        return { redis: redis.url }
      },
    })
    columns[`authchart, ${grace}`] = await runDeadlyLoad({
      graceMilliseconds,
      async prepare(client, tokenSets) {
        const store = storeInput(postgres, { key: await createTables(postgres), mode: 'with presence' })
        await signInExpired(client, { store, tokenSets })
        return { postgres: store }
      },
    })
  }
  return describeDeadlyLoad(columns)
}

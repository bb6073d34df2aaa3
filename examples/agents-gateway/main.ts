/**
 * A gateway that keeps users' grants to OAuth providers, for agents that act for them: `pnpm example:agents-gateway`.
 *
 * Several processes, one database. The primary starts them, and starts anew those that end.
 */
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import { readOptions } from '../../scripts/read-options.ts'
import { answerWorkers } from './ask-primary.ts'
import { readConfiguration } from './configuration.ts'
import { collectMetrics } from './metrics.ts'
import { startPGlite } from './shared-pglite.ts'
import { runWorker } from './worker.ts'

/** A process that could not start is started anew after so long, in milliseconds: its database may come. */
const restartMilliseconds = 2_000

const usage = `Usage: pnpm example:agents-gateway

Without settings it runs with two providers of its own on 127.0.0.1 and a
PGlite, and prints what to try; examples/agents-gateway/README.md has the
settings for others. Ctrl-C stops it.`

readOptions(usage, {})

try {
  if (cluster.isPrimary) await runPrimary()
  else await runWorker()
  process.exit(0)
} catch (error) {
  console.error(`The gateway cannot start. ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

async function runPrimary(): Promise<void> {
  // Without settings: two providers of its own on loopback.
  const needsTrial = process.env.PROVIDERS === undefined
  await using trial = needsTrial ? await (await import('./trial.ts')).startTrial(process.env) : undefined
  const environment = { ...process.env, ...trial?.environment }
  readConfiguration(environment)
  await using database = process.env.DATABASE_URL === undefined ? await startPGlite() : undefined
  const metrics = collectMetrics()
  answerWorkers({
    count: metrics.count,
    metrics: metrics.render,
    statement: (statement) => database?.run(statement),
  })

  const processes = Number(process.env.PROCESSES ?? Math.max(2, availableParallelism()))
  let isStopping = false
  const listened = new WeakSet()
  const start = () => {
    if (!isStopping) cluster.fork(environment)
  }
  for (let index = 0; index < processes; index += 1) start()
  cluster.on('listening', (worker) => listened.add(worker))
  cluster.on('exit', (worker) => setTimeout(start, listened.has(worker) ? 0 : restartMilliseconds))
  cluster.once('listening', () => console.log(trial?.describe() ?? 'The gateway listens.'))
  await new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })
  isStopping = true
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
  const exits = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
  for (const worker of workers) worker.process.kill('SIGTERM')
  await Promise.all(exits)
}

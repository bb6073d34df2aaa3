import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { isStoreError } from '@authchart/core'
import type { Configuration } from './configuration.ts'
import type { Log } from './log.ts'
import { createServiceServer } from './server.ts'
import { logSessions, openSessions, openStore } from './sessions.ts'
import { stopService } from './stop-service.ts'

/** Runs the service until it is told to stop, and returns the exit code. `onListening` gets its URL. */
export async function runService(
  configuration: Configuration,
  { log, onListening }: { log: Log; onListening?: (url: string) => void },
): Promise<number> {
  const stopSignal = awaitStopSignal()
  const store = openStore(configuration)
  if (!(await canBeUsed(store, log))) return 1
  const sessions = openSessions(configuration, store)
  logSessions(sessions, log)
  const { host, port, stopMilliseconds, upstreamUrl, allowedHosts } = configuration
  const serviceServer = createServiceServer(sessions, { upstreamUrl, allowedHosts, log })
  const stopping = { server: serviceServer, sessions, milliseconds: stopMilliseconds }
  try {
    await once(serviceServer.server.listen(port, host), 'listening')
  } catch (error) {
    log({ level: 'error', event: 'notListening', cause: (error as Error).message })
    await stopService(stopping)
    return 1
  }
  const url = `http://${host}:${(serviceServer.server.address() as AddressInfo).port}`
  log({ level: 'info', event: 'listening', url })
  onListening?.(url)
  log({ level: 'info', event: 'stopping', signal: await stopSignal })
  await stopService(stopping)
  log({ level: 'info', event: 'stopped' })
  return 0
}

/** Whether to start: the sessions wait for what passes; the operator has to mend the rest. */
async function canBeUsed(store: ReturnType<typeof openStore>, log: Log): Promise<boolean> {
  try {
    await store.check('user')
    return true
  } catch (error) {
    if (!isStoreError(error)) throw error
    const { code, message, retryable } = error
    log({ level: retryable ? 'warn' : 'error', event: 'storeFailed', code, advice: message })
    return retryable
  }
}

/** Heard once: a second signal ends the process at once. */
function awaitStopSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name))
  return promise
}

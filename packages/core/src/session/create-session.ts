import { LiveSession } from './live-session.ts'
import type { Session } from './session.ts'
import { SessionCore } from './session-core.ts'
import { resolveOptions, type SessionOptions } from './session-options.ts'

/**
 * Opens the session that is stored under a key, and keeps it alive.
 *
 * It begins to read the store, to watch it and to listen to the device at once. Nothing has to be awaited: every method
 * waits by itself. `signIn` makes a session where there is none; the stored one outlives the program.
 *
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @example
 * const session = createSession({
 *   key: 'acme:alice',
 *   store: memoryStore(),
 *   grant: refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli' }),
 *   allowedOrigins: ['https://api.acme.example'],
 * })
 */
export function createSession(options: SessionOptions): Session {
  const core = new SessionCore(resolveOptions(options))
  const session = new LiveSession(core)
  core.start()
  return session
}

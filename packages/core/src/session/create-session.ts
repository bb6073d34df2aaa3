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
  if (Symbol.asyncDispose === undefined) provideAsyncDispose()
  const core = new SessionCore(resolveOptions(options))
  const session = new LiveSession(core)
  core.start()
  return session
}

/**
 * What compilers take for `await using` where the platform has no such symbol (Safari 26): esbuild's, Babel's, Oxc's and SWC's
 * helpers all do. Not a computed name in the class: bundlers would keep the class for those who import only a grant.
 */
function provideAsyncDispose(): void {
  Object.assign(LiveSession.prototype, { [Symbol.for('Symbol.asyncDispose')]: LiveSession.prototype.close })
}

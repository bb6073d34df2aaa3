import { createSession, isStoreError, type Session, type SessionStore } from '@authchart/core'
import { clientCredentialsGrant, refreshTokenGrant } from '@authchart/core/oauth'
import { fileStore } from '@authchart/node-store/file'
import type { Configuration } from './configuration.ts'
import type { Log } from './log.ts'
import { describeNotice, describeStart } from './log-line.ts'

/** The sessions of the service, by name: its own, and a user's. */
export type Sessions = Readonly<Record<'service' | 'user', Session>>

/** What the operator has to do when the sign-in is gone. */
const signInHint = 'run "pnpm example:node-service sign-in"'

/** The folder that all instances share, also for the service's own token, so that they need only one. */
export function openStore({ sessionDirectory, sessionKey }: Configuration): ReturnType<typeof fileStore> {
  return fileStore({ directory: sessionDirectory, key: sessionKey })
}

/** Opens both sessions. */
export function openSessions(configuration: Configuration, store: SessionStore): Sessions {
  const { issuer, service, stopMilliseconds } = configuration
  const { clientId, clientSecret, scope } = service
  return {
    service: createSession({
      key: 'service',
      store,
      grant: clientCredentialsGrant({ issuer, clientId, clientSecret, scope }),
      ...shared(configuration),
      disposeTimeoutMilliseconds: stopMilliseconds,
    }),
    user: openUserSession(configuration, store),
  }
}

/** Opens the user's session, in the service and for signing in. */
export function openUserSession(configuration: Configuration, store: SessionStore): Session {
  const { issuer, user, stopMilliseconds } = configuration
  return createSession({
    key: 'user',
    store,
    grant: refreshTokenGrant({ issuer, clientId: user.clientId }),
    signInHint,
    ...shared(configuration),
    disposeTimeoutMilliseconds: stopMilliseconds,
  })
}

/** Eager: the token is there before a caller needs it, and a session recovers by itself. */
function shared({ upstreamUrl }: Configuration) {
  // A request to the service is not held for longer than that.
  return {
    allowedOrigins: [new URL(upstreamUrl).origin],
    refreshTiming: 'eager',
    maximumWaitMilliseconds: 2_000,
  } as const
}

/** Logs each change of the sessions in a line. */
export function logSessions(sessions: Sessions, log: Log): void {
  for (const [name, session] of Object.entries(sessions)) {
    const hint = { signInHint: name === 'user' ? signInHint : undefined }
    session.on('*', (notice) => log(describeNotice(name, notice, hint)))
    session.ready.catch((error: unknown) => {
      if (isStoreError(error)) log({ level: 'warn', event: 'storeFailed', session: name, code: error.code })
    })
    const stop = session.subscribe(look)
    function look(): void {
      const snapshot = session.getSnapshot()
      if (snapshot.status === 'restoring') return
      stop()
      const line = describeStart(name, snapshot, hint)
      if (line !== undefined) log(line)
    }
  }
}

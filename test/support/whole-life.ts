import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import type { Api, AuthorizationServer } from '@authchart/test/authorization-server'
import { createDevice, type Device } from './device.ts'
import { eventually } from './eventually.ts'
import { createTroubledStore } from './troubled-store.ts'
import { openWatchedSession, type WatchedSession } from './watched-session.ts'

/** A session that has been signed in before, and is about to live. */
export interface Life extends AsyncDisposable {
  readonly watched: WatchedSession
  readonly device: Device
}

/** Opens a session on a store that somebody has signed in at, and that cannot be read at first. */
export async function openLife(server: AuthorizationServer, api: Api): Promise<Life> {
  const store = createTroubledStore()
  {
    await using before = openWatchedSession(server, {}, { store })
    await before.signIn()
  }
  store.trouble('read', 'fails', { times: 1 })
  const device = createDevice()
  const options = { allowedOrigins: [api.origin], runtime: { environment: device.environment } }
  const watched = openWatchedSession(server, options, { store })
  return { watched, device, [Symbol.asyncDispose]: () => watched[Symbol.asyncDispose]() }
}

/**
 * Everything that can befall a session, in an order that goes through every state of its chart: restored, refreshed,
 * a late 401 and one that counts, an outage, no network, an answer that is lost, the end, a sign-in, a sign-out.
 */
export async function liveWholeLife(
  { watched, device }: Life,
  { server, api }: { server: AuthorizationServer; api: Api },
): Promise<void> {
  const { session, clock } = watched
  const until = (status: string) =>
    eventually(() => session.getSnapshot().status === status, { description: `the session to be ${status}` })

  await eventually(() => session.getSnapshot().code === 'storeUnavailable', { description: 'a store that is down' })
  await clock.advance(2_000)
  await until('fresh')

  const { generation } = session.getSnapshot()
  await clock.advance(60_000)
  await session.refresh()
  session.reportOutcome({ outcome: 'rejected', origin: api.origin, generation, status: 401 })
  await clock.advance(60_000)
  api.faults.revokePresentedToken()
  await createFetch(session)(api.origin)

  await clock.advance(untilRefreshIsDue(session, clock.now()))
  await until('expiring')
  await server.goDown()
  await clock.advance(3_600_000)
  await watched.attempt(session.getAccessToken())
  await until('transientFailure')
  await server.comeBack()
  await clock.advance(300_000)
  await watched.attempt(session.getAccessToken())

  device.tell('offline')
  await watched.attempt(session.refresh())
  device.tell('online')
  await until('fresh')

  server.faults.setGrace(600_000)
  server.faults.dropAnswerAfterCommit()
  await watched.attempt(session.refresh())
  server.faults.setGrace(0)

  server.revokeGrant()
  await watched.attempt(session.refresh())
  await until('invalidated')
  await watched.signIn()
  await session.signOut()
  await until('signedOut')
}

function untilRefreshIsDue(session: Session, now: number): number {
  return (session.getSnapshot().refreshDueAt ?? now) - now + 1
}

import type { Session } from '@authchart/core'
import { getSessionActor, type TokenFacts } from '@authchart/core/machine'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, type Gate, tokenAnswers, withMembers } from '../authorization-server/index.ts'
import { createDevice } from '../support/device.ts'
import { eventually } from '../support/eventually.ts'
import { openSession, tokenSetOf } from '../support/signed-in-session.ts'
import { describePlace } from './chart-snapshot.ts'
import { phaseAt } from './chart-times.ts'
import type { Path, PathStep } from './replay-paths.ts'
import { createStoppedStore, everyStop, type StoppedStore } from './stopped-store.ts'

/** So long before the token is due is a refresh asked for: it falls due while the first try after a failure is awaited. */
const leadMilliseconds = 50

interface LiveSession {
  readonly session: Session
  readonly store: StoppedStore
  readonly clock: SimulatedClock
  readonly device: ReturnType<typeof createDevice>
  readonly server: AuthorizationServer
  readonly gate: Gate
}

/**
 * Causes every step of a path in a live session, and returns the places that its chart went through: at a simulated
 * time, with a store that a test stops at will, and tokens of the fixture's server.
 */
export async function replay(
  { steps }: Path,
  { server, refreshTiming }: { server: AuthorizationServer; refreshTiming: 'eager' | 'onUse' },
): Promise<string[]> {
  const clock = createSimulatedClock()
  const store = createStoppedStore()
  const device = createDevice()
  await writeRecord(steps[0]?.event.type, { server, store, clock })
  const session = openSession(server, {
    store,
    runtime: { clock, environment: device.environment, random: () => 0.9 },
    refreshTiming,
    disposeTimeoutMilliseconds: 0,
  })
  const places = watchPlaces(session)
  const live: LiveSession = { session, store, clock, device, server, gate: server.faults.hold() }
  try {
    let expected = 1
    let before = places[0]
    for (const [index, step] of steps.entries()) {
      await cause(step, { live, next: steps[index + 1] })
      if (step.place !== before) expected += 1
      before = step.place
      const until = expected
      await eventually(() => places.length >= until, {
        description: `${step.event.type} leads to ${step.place}; so far: ${places.join(', ')}`,
      })
    }
    // Whatever else it is up to, it does in the next turn.
    await new Promise((resolve) => setImmediate(resolve))
    return [...places]
  } finally {
    server.faults.clear()
    for (const stop of everyStop) store.open(stop)
    await session[Symbol.asyncDispose]()
  }
}

function watchPlaces(session: Session): string[] {
  const actor = getSessionActor(session)
  const places = [describePlace(actor.getSnapshot())]
  actor.subscribe((chart) => {
    const place = describePlace(chart)
    if (place !== places.at(-1)) places.push(place)
  })
  return places
}

async function cause(step: PathStep, { live, next }: { live: LiveSession; next: PathStep | undefined }): Promise<void> {
  const { session, store, clock, device, server, gate } = live
  const { event } = step
  letTimePass(step, live)
  switch (event.type) {
    case 'record.absent':
    case 'record.signedIn':
    case 'record.ended':
      return store.open('read')
    case 'record.unavailable':
      return store.fail('read')
    case 'signIn.stored':
      return signIn(live, event.token)
    case 'signOut.requested':
      store.close('read')
      void session.signOut()
      return
    case 'signOut.stored':
      store.open('tombstone')
      return store.open('read')
    case 'request.ended':
      return session.reportOutcome({
        outcome: 'rejected',
        origin: 'https://api.example',
        generation: session.getSnapshot().generation,
        status: 401,
      })
    case 'clock.resumed':
      return device.tell('resumed')
    case 'token.requested':
      return ignoreOutcome(session.getAccessToken())
    case 'refresh.requested':
      return ignoreOutcome(session.refresh())
    case 'lease.acquired':
      if (next?.event.type === 'refresh.failed') device.tell('offline')
      return store.open('lease')
    case 'intent.written':
      return store.open('intent')
    case 'tokens.issued':
      if (next?.event.type === 'tokens.stored' && next.event.token.retryAt !== undefined) {
        server.faults.alterAnswer(withMembers({ expires_in: 0 }))
      }
      return gate.release()
    case 'tokens.stored':
      return store.open('tokens')
    case 'session.ended':
      server.faults.answerWith(tokenAnswers.invalidGrant)
      return gate.release()
    case 'refresh.failed':
      if (event.code !== 'offline') store.fail('lease')
      return
    default:
      if (!event.type.startsWith('xstate.after')) throw new Error(`It is not known how to cause ${event.type}`)
      await clock.advance(0)
  }
}

/** The chart reads the clock at once: before what leads to that, the time has to be what it is to be read as. */
function letTimePass({ event, now, chart }: PathStep, { clock, session }: LiveSession): void {
  const { refreshDueAt = 0, expiresAt = 0 } = session.getSnapshot()
  if (event.type === 'refresh.requested') {
    if (refreshDueAt > clock.now()) clock.sleep(refreshDueAt - leadMilliseconds - clock.now())
    return
  }
  // A token that comes is judged as it comes.
  if (now === undefined || 'token' in event) return
  const instants = { fresh: 0, expiring: refreshDueAt, expired: expiresAt }
  const instant = instants[phaseAt(chart.context.token, now)]
  if (instant > clock.now()) clock.sleep(instant - clock.now())
}

async function signIn({ session, server }: LiveSession, { refreshable }: TokenFacts): Promise<void> {
  const { refreshToken, ...tokenSet } = tokenSetOf(await server.signIn())
  await session.signIn(refreshable && refreshToken !== undefined ? { ...tokenSet, refreshToken } : tokenSet)
}

/** The store is as another holder has left it: signed in, or refused for good. */
async function writeRecord(
  first: string | undefined,
  { server, store, clock }: Pick<LiveSession, 'server' | 'store' | 'clock'>,
): Promise<void> {
  if (first !== 'record.signedIn' && first !== 'record.ended') return
  await using before = openSession(server, { store: store.inside, runtime: { clock } })
  await before.signIn(tokenSetOf(await server.signIn()))
  if (first === 'record.signedIn') return
  server.faults.answerWith(tokenAnswers.invalidGrant)
  await before.refresh().catch(() => {})
}

/** What the caller gets is not what is looked at here. */
function ignoreOutcome(promise: Promise<unknown>): void {
  promise.catch(() => {})
}

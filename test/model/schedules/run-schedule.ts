import type { Session } from '@authchart/core'
import { coreOf } from '../../../packages/core/src/session/live-session.ts'
import { peekAccessToken } from '../../../packages/core/src/session/rejected-tokens.ts'
import type { Observer } from './observer.ts'
import { perform, requestsPerCall } from './perform.ts'
import type { Script, StepScheduler } from './schedule.ts'
import { lifetimeSeconds } from './simulated-server.ts'
import { createWorld, type World } from './world.ts'

/** More than this without coming to rest is a loop. */
const mostSteps = 2_000
const mostTimers = 500

/**
 * Runs one schedule: sign-in, the script's commands, rest, and then an hour later a use of every session that is left.
 * @throws InvariantViolation
 */
export async function runSchedule(script: Script, scheduler: StepScheduler): Promise<World> {
  const world = createWorld(script, scheduler)
  perform(world, { after: 0, holder: 0, action: 'signIn' })
  await rest(world)
  for (const command of script.commands) {
    for (let step = 0; step < command.after && scheduler.count() > 0; step += 1) await stepOnce(world)
    perform(world, command)
    await settle(world)
    if (command.action === 'minute') await pass(world, command.after)
  }
  for (const [holder, { life }] of world.holders.entries()) {
    if (life.isSuspended) perform(world, { after: 0, holder, action: 'resume' })
  }
  await rest(world)
  checkRest(world)
  await checkRecovery(world)
  return world
}

/** A hint whose read failed is followed up within this time. */
const quietMilliseconds = 60_000

/** Goes on until nothing happens any more for a minute, letting time pass only when nothing else can. */
async function rest(world: World): Promise<void> {
  const { scheduler, time, observer } = world
  let timers = 0
  let quietUntil = time.now + quietMilliseconds
  await settle(world)
  for (let step = 0; ; step += 1) {
    if (step > mostSteps) observer.fail('it never comes to rest')
    if (scheduler.count() > 0) {
      await stepOnce(world)
      continue
    }
    const busy = isBusy(world)
    if (!busy && !time.hasTimerBefore(quietUntil)) return
    if (busy) quietUntil = time.now + quietMilliseconds
    timers += 1
    if (timers > mostTimers || !time.fireNext()) observer.fail('somebody waits for ever')
    await settle(world)
  }
}

/** Lets a minute pass, or less: what comes of it meanwhile gets so many steps. */
async function pass(world: World, steps: number): Promise<void> {
  const { scheduler, time } = world
  const until = time.now + 60_000
  const waiting = scheduler.count()
  for (let left = steps; ; ) {
    if (scheduler.count() > waiting) {
      if (left === 0) return
      left -= 1
      await stepOnce(world)
    } else if (time.hasTimerBefore(until)) {
      time.fireNext()
      await settle(world)
    } else {
      return
    }
  }
}

async function stepOnce(world: World): Promise<void> {
  await world.scheduler.waitOne()
  await settle(world)
}

/** Lets everything run that is ready, then looks at all of it. */
async function settle(world: World): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  world.observer.rethrow()
  look(world)
}

const busyStatuses: ReadonlySet<string> = new Set(['restoring', 'refreshing', 'signingOut'])

function isBusy({ holders, calls }: World): boolean {
  return (
    calls.size > 0 ||
    holders.some(({ session, life }) => busyStatuses.has(session.getSnapshot().status) || life.leases > 0)
  )
}

/** What every holder shows, after every step. */
function look({ holders, observer }: World): void {
  for (const { session, knownToBeOver, life } of holders) {
    const { status, generation } = session.getSnapshot()
    const token = peekAccessToken(coreOf(session), 'https://api.example')
    const set = observer.setOf(token?.value)
    if (status === 'signedOut' || status === 'signingOut') {
      if (set !== undefined) observer.fail(`${life.name} is signed out, and serves set ${set.number}`)
      noteKnownEnds(observer, generation, knownToBeOver)
    }
    if (set === undefined) continue
    if (knownToBeOver.has(set.family)) {
      observer.fail(`${life.name} serves a session again that it knew to be signed out`)
    }
  }
}

/** A tombstone of the generation that a holder is at, or an earlier one, is known to it. */
function noteKnownEnds({ families }: Observer, generation: number, known: Set<number>): void {
  for (const [family, { signedOutAt }] of families.entries()) {
    if (signedOutAt !== undefined && signedOutAt <= generation) known.add(family)
  }
}

/** What must be so when nothing is going on. */
function checkRest({ observer, server, holders, requestsAllowed }: World): void {
  const { record, sets, families } = observer
  for (const { session } of holders) {
    const known = coreOf(session).knownRecord
    const isBehind = record !== undefined && known?.signInId === record.signInId && known.generation > record.generation
    // A hint that came during a refresh is taken up with the next one.
    if (isBehind && !observer.restoredDuringRefresh) observer.fail('the store stays behind what a holder knows')
  }
  if (observer.tokenRequests > requestsAllowed) observer.fail('there were more token requests than anybody asked for')
  for (const set of sets.filter(({ fate }) => fate === 'held')) {
    const isRevoked = families[set.family]?.revoked !== 'no'
    const isSuperseded = sets.some(
      (other) => other.family === set.family && other.number > set.number && other.fate === 'stored',
    )
    // Whoever knew newer tokens has written those back meanwhile.
    if (!isRevoked && !isSuperseded && set.parent?.undone !== true && set.parent?.contested !== true)
      observer.fail(`set ${set.number} was issued and is nowhere`)
  }
  const current = record?.status === 'signedIn' ? observer.setOf(record.secrets?.tokenSet.accessToken) : undefined
  if (current === undefined) return
  const isUndone = sets.some(({ family, undone }) => family === current.family && undone)
  if (families[current.family]?.revoked === 'byClient' && !isUndone)
    observer.fail('the session that is signed in was revoked')
  if (!observer.isFamilyDoubtful(current.family) && !server.isLive(current)) {
    observer.fail('the record holds a dead refresh token though nothing was lost')
  }
  for (const { session, life, isSignedOutAlone } of holders) {
    const { generation, status } = session.getSnapshot()
    // Whose own refresh has failed looks at the record when it tries again.
    const isBehind = generation !== record?.generation && status !== 'transientFailure'
    if (!isSignedOutAlone && isBehind && !observer.restoredDuringRefresh) {
      observer.say(`${life.name} is ${status} at generation ${generation} while the store holds ${record?.generation}`)
      observer.fail('a holder rests behind what the store holds')
    }
  }
}

/** An hour later, with everything in order again, every session that was not lost gets a token. */
async function checkRecovery(world: World): Promise<void> {
  const { observer, time, holders } = world
  const { record } = observer
  world.heal()
  time.sleep(2 * lifetimeSeconds * 1000)
  for (const set of observer.sets) set.wanted = 'yes'
  observer.rules.overruled()
  observer.say('— Two hours later, everything is in order, and the devices wake up')
  for (const { wakeUp } of holders) wakeUp()
  await rest(world)
  const current = record?.status === 'signedIn' ? observer.setOf(record.secrets?.tokenSet.accessToken) : undefined
  const isLost = current === undefined || observer.isFamilyDoubtful(current.family)
  for (const { session, life, isSignedOutAlone } of holders) {
    world.requestsAllowed += requestsPerCall * mostTries
    const key = {}
    world.calls.set(key, life.name)
    void getTokenAtLast(world, session)
      .catch((error: Error) => {
        if (!isSignedOutAlone && !isLost) observer.note(`${life.name} gets no token: ${error.message}`)
      })
      .finally(() => world.calls.delete(key))
  }
  await rest(world)
  checkRest(world)
}

/** Tokens that were refused as soon as they were used are replaced only after a pause. */
const mostTries = 3

async function getTokenAtLast({ time, observer }: World, session: Session): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await session.getAccessToken()
      return
    } catch (error) {
      if (tries === mostTries) throw error
      time.sleep(lifetimeSeconds * 1000)
      // Others wait meanwhile, and what comes for them has expired.
      for (const set of observer.sets) set.wanted = 'yes'
    }
  }
}

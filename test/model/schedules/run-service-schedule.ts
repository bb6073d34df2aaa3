import { isNotSignedInError, isRefreshUnavailableError, isSessionEndedError, isStoreError } from '@authchart/core'
import { coreOf } from '../../../packages/core/src/session/live-session.ts'
import { peekAccessToken } from '../../../packages/core/src/session/rejected-tokens.ts'
import type { StepScheduler, StoreFault } from './schedule.ts'
import { createServiceWorld, type ServiceFault, type ServiceHolder, type ServiceWorld } from './service-world.ts'
import { lifetimeSeconds } from './simulated-server.ts'

export type ServiceAction = 'use' | 'refresh' | 'reject' | 'signOut' | 'crash' | 'fireTimer' | 'sleep'

/** Everything about a run that is not the order of its steps. */
export interface ServiceScript {
  readonly holders: number
  readonly commands: readonly { readonly after: number; readonly holder: number; readonly action: ServiceAction }[]
  readonly storeFaults: readonly StoreFault[]
  readonly networkFaults: readonly ServiceFault[]
}

/** More than this without coming to rest is a loop. */
const mostSteps = 2_000
const mostTimers = 200
const quietMilliseconds = 60_000

/**
 * Runs one schedule of processes that share a session which needs no sign-in, from an empty store: the script's
 * commands, rest, and then hours later a use of every session.
 * @throws InvariantViolation
 */
export async function runServiceSchedule(script: ServiceScript, scheduler: StepScheduler): Promise<void> {
  const world = createServiceWorld(script, scheduler)
  const calls = new Set<object>()
  for (let index = 0; index < script.holders; index += 1) world.holders.push(world.openHolder('ABC'[index] ?? ''))

  async function settle() {
    await new Promise((resolve) => setImmediate(resolve))
    world.rethrow()
  }

  async function stepOnce() {
    await scheduler.waitOne()
    await settle()
  }

  /** Goes on until nothing happens any more for a minute, letting time pass only when nothing else can. */
  async function rest() {
    let timers = 0
    let quietUntil = world.time.now + quietMilliseconds
    await settle()
    for (let step = 0; ; step += 1) {
      if (step > mostSteps) world.fail('it never comes to rest')
      if (scheduler.count() > 0) {
        await stepOnce()
        continue
      }
      const busy = calls.size > 0 || world.holders.some(isBusy)
      if (!busy && !world.time.hasTimerBefore(quietUntil)) return
      if (busy) quietUntil = world.time.now + quietMilliseconds
      timers += 1
      if (timers > mostTimers || !world.time.fireNext()) world.fail('somebody waits for ever')
      await settle()
    }
  }

  for (const { after, holder, action } of script.commands) {
    for (let step = 0; step < after && scheduler.count() > 0; step += 1) await stepOnce()
    perform(world, { action, index: holder % world.holders.length, calls })
    await settle()
  }
  await rest()
  checkRest(world)
  await recover(world, rest)
}

function isBusy({ session, life }: ServiceHolder): boolean {
  return ['restoring', 'refreshing', 'signingOut'].includes(session.getSnapshot().status) || life.leases > 0
}

function perform(
  world: ServiceWorld,
  { action, index, calls }: { action: ServiceAction; index: number; calls: Set<object> },
): void {
  const holder = world.holders[index]
  if (holder === undefined) return
  const { session, life } = holder
  world.say(`— ${action} at ${life.name}`)
  const call = (work: Promise<unknown>): void => {
    const key = { life }
    calls.add(key)
    void work
      .catch((error: Error) => {
        world.say(`${life.name} says: ${error.message}`)
        if (!isExpected(error)) world.note(`an error of another kind: ${error.name}`)
        // Tokens that are refused as soon as they are used are replaced after a pause only.
        const isRefusedAgain = isRefreshUnavailableError(error) && error.code === 'tokenUnusable'
        if (!world.isTroubled() && !isRefusedAgain) world.note('a call fails though nothing went wrong')
      })
      .finally(() => calls.delete(key))
  }
  switch (action) {
    case 'use':
      call(session.getAccessToken())
      break
    case 'refresh': {
      const refreshed = session.refresh()
      world.allowBeginning(holder, refreshed)
      call(refreshed)
      break
    }
    case 'reject': {
      const { generation, usable } = session.getSnapshot()
      if (!usable) break
      session.reportOutcome({ outcome: 'rejected', origin: 'https://api.example', generation, status: 401 })
      call(session.getAccessToken())
      break
    }
    case 'signOut':
      world.trouble()
      call(session.signOut())
      break
    case 'crash':
      world.trouble()
      life.end()
      holder.stopTimers()
      for (const key of calls) if ((key as { life: unknown }).life === life) calls.delete(key)
      world.holders[index] = world.openHolder(`${life.name}’`)
      break
    case 'fireTimer':
      world.trouble()
      world.time.fireNext()
      break
    case 'sleep':
      world.trouble()
      world.time.sleep(lifetimeSeconds * 1000)
  }
}

function isExpected(error: Error): boolean {
  const isStoreDown = isStoreError(error) && error.code === 'storeUnavailable'
  return isNotSignedInError(error) || isRefreshUnavailableError(error) || isSessionEndedError(error) || isStoreDown
}

/** What must be so when nothing is going on. */
function checkRest(world: ServiceWorld): void {
  const record = world.record()
  for (const [value, { fate, holder }] of world.tokens) {
    // Two holders may begin at once; the tokens of either will do.
    const isReplaced = record?.status === 'signedIn' && record.secrets?.tokenSet.accessToken !== value
    if (fate === 'held' && holder.isAlive() && !isReplaced) world.fail(`${value} was issued and is nowhere`)
  }
  for (const { session, life } of world.holders) {
    const { status, generation } = session.getSnapshot()
    const token = peekAccessToken(coreOf(session), 'https://api.example')
    if (record?.status === 'signedOut' && token !== undefined)
      world.fail(`${life.name} serves a token that is signed out`)
    const mayBeBehind = status === 'transientFailure' || status === 'signedOut'
    if (
      record?.secrets !== undefined &&
      record.status === 'signedIn' &&
      !mayBeBehind &&
      generation !== record.generation
    ) {
      world.fail(`${life.name} is ${status} at ${generation} while the store holds ${record.generation}`)
    }
  }
  if (world.isTroubled()) return
  const known = new Set(world.holders.map(({ session }) => session.getSnapshot().generation))
  if (known.size > 1) world.fail('the holders hold different tokens')
}

/** Hours later, with everything in order again, all get the same new token: unless somebody signed out, or it has ended. */
async function recover(world: ServiceWorld, rest: () => Promise<void>): Promise<void> {
  world.heal()
  world.time.sleep(2 * lifetimeSeconds * 1000)
  world.say('— Two hours later, everything is in order, and the devices wake up')
  for (const { wakeUp } of world.holders) wakeUp()
  await rest()
  const before = world.requests()
  const { status } = world.record() ?? { status: 'signedIn' }
  const got: string[] = []
  const failed: Error[] = []
  for (const { session } of world.holders) {
    void session.getAccessToken().then(
      ({ value }) => void got.push(value),
      (error: Error) => void failed.push(error),
    )
  }
  await rest()
  if (status !== 'signedIn') return
  // A sign-out that the store could not be told of keeps its own holder signed out.
  const others = failed.filter((error) => !isNotSignedInError(error))
  if (others.length > 0) world.fail(`somebody gets no token: ${others[0]?.message}`)
  if (new Set(got).size > 1) world.fail('the holders are given different tokens')
  if (world.requests() > before + 1) world.fail('there is more than one token request')
}

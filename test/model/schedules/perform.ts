import { isNotSignedInError, isRefreshUnavailableError } from '@authchart/core'
import { rejectingOrigin as origin } from './field-rules.ts'
import type { ObservedSet } from './observer.ts'
import type { Action, Command } from './schedule.ts'
import { lifetimeSeconds } from './simulated-server.ts'
import type { Holder, World } from './world.ts'

/** Does what a command says; what comes of it comes later. */
export function perform(world: World, { holder: number, action }: Command): void {
  const index = number % world.holders.length
  const holder = world.holders[index]
  if (holder === undefined) return
  // Nobody can ask anything of a process that stands still.
  if (holder.life.isSuspended && isAsked.has(action)) return
  world.observer.say(`— ${sentences[action](holder.life.name)}`)
  actions[action](world, holder, index)
}

const isAsked: ReadonlySet<Action> = new Set(['use', 'refresh', 'reject', 'signIn', 'signOut'])

const sentences: Record<Action, (name: string) => string> = {
  use: (name) => `Somebody asks ${name} for a token`,
  refresh: (name) => `Somebody wants a new token of ${name}`,
  reject: (name) => `An API refuses the token of ${name}`,
  signIn: (name) => `Somebody signs in at ${name}`,
  signOut: (name) => `Somebody signs out at ${name}`,
  crash: (name) => `${name} crashes, and is opened again`,
  suspend: (name) => `${name} stands still, or who has the lease`,
  resume: (name) => `${name} goes on`,
  fireTimer: () => 'The next timer fires',
  sleep: () => 'An hour passes',
  minute: () => 'A minute passes',
  restore: () => 'The store goes back in time',
  clockJump: () => 'The clock of the database is set a minute ahead',
}

const actions: Record<Action, (world: World, holder: Holder, index: number) => void> = {
  use(world, holder) {
    const { time, observer } = world
    const patienceUntil = time.now + patienceMilliseconds
    call(world, holder, () => holder.session.getAccessToken(), {
      onRejected(error) {
        const isDueInTime = isRefreshUnavailableError(error) && (error.retryAt ?? Infinity) < patienceUntil
        if (isDueInTime && time.now < patienceUntil)
          observer.note('a caller fails though the next try is in time for it')
      },
    })
  },

  refresh(world, holder) {
    const { session } = holder
    const { status, generation } = session.getSnapshot()
    // Before the store is read, nobody can say what is not good enough.
    if (status === 'restoring') return
    wantAnother(world, generation, 'yes')
    world.observer.rules.overruled()
    call(world, holder, () => session.refresh())
  },

  reject(world, holder) {
    const { session } = holder
    const { generation, usable } = session.getSnapshot()
    if (!usable) return
    for (const set of wantAnother(world, generation, 'rejected')) world.observer.rules.rejected(holder.life.name, set)
    session.reportOutcome({ outcome: 'rejected', origin, generation, status: 401 })
    call(world, holder, () => session.getAccessToken())
  },

  signIn(world, holder) {
    const { tokenSet, set } = world.server.signIn(holder.life.name)
    world.observer.say(`The server gives it set ${set.number}`)
    // Somebody else each time: tokens of the same subject would not be revoked.
    const signIn = { subject: `subject-${set.number}`, replaceSubject: true }
    call(world, holder, () => holder.session.signIn(tokenSet, signIn), {
      onResolved() {
        holder.isSignedOutAlone = false
      },
      onRejected() {
        if (set.fate === 'held') set.fate = 'lost'
      },
    })
  },

  signOut(world, holder) {
    world.observer.troubled = true
    call(world, holder, () => holder.session.signOut(), {
      onRejected() {
        holder.isSignedOutAlone = true
      },
    })
  },

  crash(world, holder, index) {
    const { observer, calls } = world
    const { life, stopTimers } = holder
    observer.troubled = true
    life.end()
    stopTimers()
    observer.crashed(life.name)
    for (const [each, caller] of calls) if (caller === life.name) calls.delete(each)
    world.holders[index] = world.openHolder(`${life.name}’`)
  },

  fireTimer({ observer, time }) {
    observer.troubled = true
    time.fireNext()
  },

  sleep({ observer, time }) {
    observer.troubled = true
    time.sleep(lifetimeSeconds * 1000)
    for (const set of observer.sets) set.wanted = 'yes'
    observer.losePatience()
  },

  suspend({ holders, leases }, holder) {
    // Not against both at once: a holder that stands still while the clock jumps is taken over before its own clock says so.
    if (leases.hasJumped) return
    // Rather one that has the lease: the others' standing still makes no difference.
    const { life, suspendTimers } = holders.find(({ life: { leases } }) => leases > 0) ?? holder
    life.suspend()
    suspendTimers(true)
  },

  resume(_, holder) {
    holder.suspendTimers(false)
    holder.life.resume()
  },

  minute({ observer }) {
    observer.troubled = true
  },

  restore(world) {
    world.observer.troubled = true
    world.restore()
  },

  clockJump({ leases, holders }) {
    if (!holders.some(({ life }) => life.isSuspended)) leases.jump(60_000)
  },
}

/** The set of a generation will not do any more: there is hardly more than one. */
function wantAnother({ observer }: World, generation: number, wanted: 'rejected' | 'yes'): ObservedSet[] {
  const sets = observer.sets.filter((set) => set.generation === generation)
  for (const set of sets) if (set.wanted !== 'yes') set.wanted = wanted
  return sets
}

/** For how long the callers of a session wait by default. */
const patienceMilliseconds = 10_000

/** Each call may start a refresh, which sends its token at most twice; one after a sign-in can start another. */
export const requestsPerCall = 4

/** The app calls the session, and goes on with something else. */
function call(
  world: World,
  holder: Holder,
  begin: () => Promise<unknown>,
  then: { onResolved?: () => void; onRejected?: (error: Error) => void } = {},
): void {
  const { observer, calls } = world
  const { name } = holder.life
  const key = {}
  calls.set(key, name)
  world.requestsAllowed += requestsPerCall
  void begin()
    .then(then.onResolved, (error: Error) => {
      observer.say(`${name} says: ${error.message}`)
      if (!observer.troubled && !isExpectedAnytime(error)) observer.note('a call fails though nothing went wrong')
      then.onRejected?.(error)
    })
    .finally(() => calls.delete(key))
}

/** A holder may not have heard of the sign-in yet; and tokens that are refused at once are replaced after a pause only. */
function isExpectedAnytime(error: Error): boolean {
  return isNotSignedInError(error) || (isRefreshUnavailableError(error) && error.code === 'tokenUnusable')
}

import { createSession, memoryStore, type Session, type SessionStore } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { coreOf } from '../../../packages/core/src/session/live-session.ts'
import { createFaultList } from './fault-list.ts'
import { rejectingOrigin } from './field-rules.ts'
import { createLeaseTable, type LeaseTable } from './lease-table.ts'
import { createLife, type Life, type Surroundings } from './life.ts'
import { createObserver, type Observer } from './observer.ts'
import type { Script, StepScheduler } from './schedule.ts'
import { createScheduledGrant } from './scheduled-grant.ts'
import { createScheduledStore } from './scheduled-store.ts'
import { createSimulatedServer, type SimulatedServer } from './simulated-server.ts'
import { createVirtualTime, type VirtualTime } from './virtual-time.ts'

/** A process that has the session open. */
export interface Holder {
  readonly life: Life
  readonly session: Session
  readonly stopTimers: () => void
  readonly suspendTimers: (isSuspended: boolean) => void
  /** The device goes on after a sleep. */
  readonly wakeUp: () => void
  /** Families of which it knows that they were signed out. */
  readonly knownToBeOver: Set<number>
  /** A sign-out here that could not be stored: the others go on. */
  isSignedOutAlone: boolean
}

/** Everything that one schedule drives. */
export interface World {
  readonly scheduler: StepScheduler
  readonly observer: Observer
  readonly server: SimulatedServer
  readonly time: VirtualTime
  readonly leases: LeaseTable
  readonly holders: Holder[]
  /** Calls of the app that have not been answered, each with the name of its holder. */
  readonly calls: Map<object, string>
  /** Token requests that the commands so far can account for. */
  requestsAllowed: number
  /** Another process opens the session. */
  openHolder(name: string): Holder
  /** Puts an older record of the same sign-in back into the store, where there is one. */
  restore(): void
  /** No more faults. */
  heal(): void
}

const key = 'acme:alice'

/** A world in which nobody has signed in yet, and every holder reads the store. */
export function createWorld(script: Script, scheduler: StepScheduler): World {
  const time = createVirtualTime()
  const now = () => time.now
  const holders: Holder[] = []
  const observer = createObserver({
    now,
    isAlive: (name) => holders.some(({ life }) => life.name === name),
    knownBy(name) {
      const holder = holders.find(({ life }) => life.name === name)
      return holder && coreOf(holder.session).knownRecord
    },
  })
  const server = createSimulatedServer(script.server, observer, now)
  const memory = memoryStore()
  const leases = createLeaseTable({ now, onTaken: (life, from) => observer.leased(life.name, from?.name) })
  /** The first record of each sign-in. */
  const backups = new Map<string, SessionRecord>()
  const noteTrouble = () => {
    observer.troubled = true
  }
  const storeFaults = createFaultList(script.storeFaults, noteTrouble)
  const networkFaults = createFaultList(script.networkFaults, noteTrouble)
  const surroundings: Surroundings = {
    point: (label) => scheduler.schedule(Promise.resolve(), label),
    say: observer.say,
  }

  function openHolder(name: string): Holder {
    const life = createLife(name, surroundings)
    const { clock, stop: stopTimers, suspend: suspendTimers } = time.createClock()
    let wakeUp = () => {}
    const lease: SessionStore['lease'] = (_, { signal }) => leases.lend(life, { clock, signal })
    const session = createSession({
      key,
      store: createScheduledStore(script.leasesRunOut ? { ...memory, lease } : memory, life, {
        takeFault: storeFaults.take,
        onLanded(next) {
          if (!backups.has(next.signInId)) backups.set(next.signInId, next)
          observer.landed(next, name)
        },
        onLease: () => script.leasesRunOut || observer.leased(name),
        isHeld: script.leasesRunOut ? leases.isHeld : undefined,
      }),
      grant: createScheduledGrant({ life, server, observer, takeFault: networkFaults.take }),
      runtime: {
        clock,
        random: () => 0.5,
        environment: {
          isOnline: () => true,
          subscribe(listener) {
            wakeUp = () => listener('resumed')
            return () => {}
          },
        },
      },
      allowedOrigins: [rejectingOrigin],
    })
    return { life, session, stopTimers, suspendTimers, wakeUp, knownToBeOver: new Set(), isSignedOutAlone: false }
  }

  for (let index = 0; index < script.holders; index += 1) holders.push(openHolder('ABC'[index] ?? ''))

  return {
    scheduler,
    observer,
    server,
    time,
    leases,
    holders,
    calls: new Map(),
    requestsAllowed: 0,
    openHolder,
    restore() {
      const current = observer.record
      const backup = backups.get(current?.signInId ?? '')
      if (current === undefined || backup === undefined || backup.generation >= current.generation) return
      // In a real one more time passes: no generation is given out twice.
      time.sleep(60_000)
      observer.restored(backup)
      observer.restoredDuringRefresh ||= holders.some(({ session }) => session.getSnapshot().status === 'refreshing')
      void memory.compareAndSet(key, current.revision, backup)
    },
    heal() {
      storeFaults.heal()
      networkFaults.heal()
    },
  }
}

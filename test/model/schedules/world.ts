import { createSession, memoryStore, type Session } from '@authchart/core'
import { createFaultList } from './fault-list.ts'
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
  readonly holders: Holder[]
  /** Calls of the app that have not been answered, each with the name of its holder. */
  readonly calls: Map<object, string>
  /** Token requests that the commands so far can account for. */
  requestsAllowed: number
  /** Another process opens the session. */
  openHolder(name: string): Holder
  /** No more faults. */
  heal(): void
}

/** Where the tokens go. */
export const origin = 'https://api.acme.example'

/** A world in which nobody has signed in yet, and every holder reads the store. */
export function createWorld(script: Script, scheduler: StepScheduler): World {
  const observer = createObserver()
  const server = createSimulatedServer(script.server, observer)
  const time = createVirtualTime()
  const store = memoryStore()
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
    const { clock, stop: stopTimers } = time.createClock()
    let wakeUp = () => {}
    const session = createSession({
      key: 'acme:alice',
      store: createScheduledStore(store, life, {
        takeFault: storeFaults.take,
        onLanded: observer.landed,
        onLease: () => observer.leased(name),
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
      allowedOrigins: [origin],
    })
    return { life, session, stopTimers, wakeUp, knownToBeOver: new Set(), isSignedOutAlone: false }
  }

  return {
    scheduler,
    observer,
    server,
    time,
    holders: Array.from({ length: script.holders }, (_, index) => openHolder('ABC'[index] ?? '')),
    calls: new Map(),
    requestsAllowed: 0,
    openHolder,
    heal() {
      storeFaults.heal()
      networkFaults.heal()
    },
  }
}

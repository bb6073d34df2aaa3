import { createSession, type Grant, isNotSignedInError, memoryStore, type Session } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { createFaultList } from './fault-list.ts'
import { createLife, type Life, type Surroundings } from './life.ts'
import { InvariantViolation, type StepScheduler, type StoreFault } from './schedule.ts'
import { createScheduledStore } from './scheduled-store.ts'
import { lifetimeSeconds } from './simulated-server.ts'
import { createVirtualTime, type VirtualTime } from './virtual-time.ts'

/** What goes wrong with one token request. `at` counts the requests of all holders. */
export interface ServiceFault {
  readonly at: number
  readonly fault: 'notSent' | 'lostAnswer' | 'throttled' | 'clientRefused'
}

/** A process that has a session open which needs no sign-in. */
export interface ServiceHolder {
  readonly life: Life
  readonly session: Session
  readonly stopTimers: () => void
  readonly wakeUp: () => void
}

/** An access token that the server has issued, and what became of it. */
interface IssuedToken {
  readonly holder: Life
  fate: 'travelling' | 'held' | 'lost' | 'stored' | 'revoked'
}

/** Processes of one service, their store, and a server that issues whenever it is asked. */
export interface ServiceWorld {
  readonly time: VirtualTime
  readonly holders: ServiceHolder[]
  readonly tokens: ReadonlyMap<string, IssuedToken>
  readonly record: () => SessionRecord | undefined
  readonly requests: () => number
  /** Something has gone wrong, or somebody has meddled: not everything can be expected any more. */
  isTroubled(): boolean
  trouble(): void
  /** The app of a holder asks for a refresh: that may begin the session again after a sign-out. */
  allowBeginning(holder: ServiceHolder, refreshed: Promise<unknown>): void
  openHolder(name: string): ServiceHolder
  heal(): void
  say(sentence: string): void
  /** Something is wrong: told by the next `rethrow`. */
  note(violation: string): void
  /** Throws what has been found to be wrong. */
  rethrow(): void
  fail(violation: string): never
}

export function createServiceWorld(
  faults: { storeFaults: readonly StoreFault[]; networkFaults: readonly ServiceFault[] },
  scheduler: StepScheduler,
): ServiceWorld {
  const time = createVirtualTime()
  const store = memoryStore()
  const story: string[] = []
  const tokens = new Map<string, IssuedToken>()
  const generations = new Map<number, string>()
  const open = new Set<Life>()
  let record: SessionRecord | undefined
  let violation: InvariantViolation | undefined
  let requests = 0
  let troubled = false
  let mayBegin = true
  /** Holders whose app has asked for a refresh since the last sign-out, and whether it has its answer. */
  const asked = new Map<Life, { readonly session: Session; isAnswered: boolean }>()
  const trouble = () => {
    troubled = true
  }
  const storeFaults = createFaultList(faults.storeFaults, trouble)
  const networkFaults = createFaultList(faults.networkFaults, trouble)
  const surroundings: Surroundings = {
    point: (label) => scheduler.schedule(Promise.resolve(), label),
    say: (sentence) => void story.push(sentence),
  }
  const note = (wrong: string) => {
    violation ??= new InvariantViolation(wrong, story)
  }

  function landed(next: SessionRecord) {
    const before = record
    record = next
    if (before !== undefined && next.generation < before.generation) note('the generation of the record goes back')
    if (before?.status === 'signedOut' && next.status !== 'signedOut' && !mayBegin) {
      note('a session that was signed out begins again though nobody asked for that')
    }
    if (next.status === 'signedOut') {
      mayBegin = false
      // What was asked for before, and is still under way, may begin again when it has read this.
      for (const [life, { session, isAnswered }] of asked) {
        if (isAnswered && session.getSnapshot().status !== 'refreshing') asked.delete(life)
      }
    }
    const value = next.secrets?.tokenSet.accessToken
    if (value === undefined) return
    if ((generations.get(next.generation) ?? value) !== value) note('two tokens have the same generation')
    generations.set(next.generation, value)
    const token = tokens.get(value)
    if (token !== undefined && token.fate !== 'revoked') token.fate = 'stored'
  }

  function createGrant(life: Life): Grant {
    const grant: Grant = {
      needsRefreshToken: false,
      identity: { clientId: 'service' },
      signIn: (request) => grant.refresh(request),
      async refresh({ now }) {
        requests += 1
        const fault = networkFaults.take()
        for (const other of open) if (!other.isAlive()) open.delete(other)
        if (open.size > 0) note('two token requests are open')
        // Whether a sign-out is known by now, or lands while this is under way, makes the difference.
        if (asked.has(life)) mayBegin = true
        open.add(life)
        await life.point(`the request of ${life.name} arrives`)
        const answer = fault === 'notSent' ? undefined : `access-${tokens.size}`
        if (answer !== undefined && (fault === undefined || fault === 'lostAnswer')) {
          tokens.set(answer, { holder: life, fate: 'travelling' })
        }
        await life.point(`${life.name} reads the answer`)
        open.delete(life)
        const token = tokens.get(answer ?? '')
        switch (fault) {
          case 'notSent':
            return { kind: 'failed', failure: { kind: 'transport', sent: 'no' } }
          case 'throttled':
            return { kind: 'failed', failure: { kind: 'answer', status: 429, retryAfter: '60', complete: true } }
          case 'clientRefused': {
            const body = { error: 'invalid_client' }
            return { kind: 'failed', failure: { kind: 'answer', status: 401, body, complete: true } }
          }
          case 'lostAnswer':
            if (token !== undefined) token.fate = 'lost'
            return { kind: 'failed', failure: { kind: 'transport', sent: 'unknown' } }
        }
        if (token !== undefined) token.fate = 'held'
        const tokenSet = { accessToken: answer ?? '', expiresIn: lifetimeSeconds }
        return { kind: 'issued', tokenSet, receivedAt: now() }
      },
      async revoke({ accessToken }) {
        await life.world.point(`${life.name} asks for a revocation`)
        const token = tokens.get(accessToken)
        if (token !== undefined) token.fate = 'revoked'
      },
    }
    return grant
  }

  return {
    time,
    holders: [],
    tokens,
    record: () => record,
    requests: () => requests,
    isTroubled: () => troubled,
    trouble,
    allowBeginning({ life, session }, refreshed) {
      const ask = { session, isAnswered: false }
      asked.set(life, ask)
      refreshed.then(
        () => {
          ask.isAnswered = true
        },
        (error: unknown) => {
          ask.isAnswered = true
          if (isNotSignedInError(error) && asked.get(life) === ask) asked.delete(life)
        },
      )
    },
    openHolder(name) {
      const life = createLife(name, surroundings)
      const { clock, stop: stopTimers } = time.createClock()
      let wakeUp = () => {}
      const session = createSession({
        key: 'acme:service',
        store: createScheduledStore(store, life, { takeFault: storeFaults.take, onLanded: landed, onLease: () => {} }),
        grant: createGrant(life),
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
      })
      return { life, session, stopTimers, wakeUp: () => wakeUp() }
    },
    heal() {
      storeFaults.heal()
      networkFaults.heal()
    },
    say: surroundings.say,
    note,
    rethrow() {
      if (violation !== undefined) throw violation
    },
    fail(wrong) {
      throw new InvariantViolation(wrong, story)
    },
  }
}

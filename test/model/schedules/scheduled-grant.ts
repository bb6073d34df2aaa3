import type { Grant, GrantOutcome } from '@authchart/core'
import type { Life } from './life.ts'
import type { ObservedSet, Observer } from './observer.ts'
import type { NetworkFault } from './schedule.ts'
import { refusal, type SimulatedServer } from './simulated-server.ts'

interface GrantParts {
  readonly life: Life
  readonly server: SimulatedServer
  readonly observer: Observer
  /** What is wrong with the next request, if anything. */
  takeFault(): NetworkFault['fault'] | undefined
}

/**
 * A refresh token grant whose requests and answers travel for as long as they like. A request that nobody waits for any
 * more arrives all the same.
 */
export function createScheduledGrant(parts: GrantParts): Grant {
  const { life, server, observer, takeFault } = parts
  return {
    needsRefreshToken: true,
    identity: {},
    async refresh({ refreshToken, previous, signal, now, mayStillBeSent }) {
      // Discovery, a client's assertion and a proof take their time.
      await life.point(`${life.name} prepares its request`)
      if (signal.aborted || mayStillBeSent?.() === false)
        return { kind: 'failed', failure: { kind: 'transport', sent: 'no' } }
      const set = server.find(refreshToken, previous?.accessToken)
      const close = observer.sent(life.name, set)
      const fault = takeFault()
      if (fault !== undefined) observer.say(`The request of ${life.name}: ${fault}`)
      const answer = await travel(parts, { set, fault, signal })
      close()
      if (answer === 'lost') {
        set.doubtful = true
        return lost
      }
      return readAnswer(parts, { set, answer, receivedAt: now() })
    },
    async revoke({ accessToken }) {
      await life.world.point(`${life.name} asks for a revocation`)
      server.revoke(accessToken)
    },
  }
}

type Answer = ObservedSet | 'refused' | 'notSent' | 'trouble' | 'throttled'

async function travel(
  { life, server, observer }: GrantParts,
  request: { set: ObservedSet; fault: NetworkFault['fault'] | undefined; signal: AbortSignal },
): Promise<Answer | 'lost'> {
  const { set, fault, signal } = request
  const { name, world } = life

  async function arrive(): Promise<Answer> {
    await world.point(`the request of ${name} arrives`)
    if (fault === 'throttled' || fault === 'trouble') return fault
    const answer = server.exchange(set)
    observer.say(`The server exchanges set ${set.number}: ${answer === 'refused' ? answer : `set ${answer.number}`}`)
    return answer
  }

  async function read(): Promise<Answer | 'lost'> {
    if (fault === 'notSent' || fault === 'lostRequest') {
      await life.point(`the connection of ${name} fails`)
      return fault === 'notSent' ? 'notSent' : 'lost'
    }
    const arrived = arrive()
    // Nobody may wait for it any more; what goes wrong there is told by the observer.
    arrived.catch(() => {})
    if (fault === 'slow') return life.never()
    const answer = await arrived
    await life.point(`${name} reads the answer`)
    if (fault === 'troubleAfterwards') return 'trouble'
    return fault === 'lostAnswer' ? 'lost' : answer
  }

  return Promise.race([read(), whenAborted(signal)])
}

function readAnswer(
  { life, server, observer }: GrantParts,
  reading: { set: ObservedSet; answer: Answer; receivedAt: number },
): GrantOutcome {
  const { set, answer, receivedAt } = reading
  switch (answer) {
    case 'notSent':
      return { kind: 'failed', failure: { kind: 'transport', sent: 'no' } }
    case 'throttled':
      return { kind: 'failed', failure: { kind: 'answer', status: 429, retryAfter: '60', complete: true } }
    case 'trouble':
      set.doubtful = true
      return { kind: 'failed', failure: { kind: 'answer', status: 500, complete: true } }
    case 'refused':
      set.answered = 'refusal'
      set.wasRefused = true
      set.reader = life.name
      observer.say(`${life.name} reads that it is refused`)
      return refusal
    default:
      observer.issued(answer, set, life.name)
      return { kind: 'issued', tokenSet: server.toTokenSet(answer), receivedAt }
  }
}

const lost: GrantOutcome = { kind: 'failed', failure: { kind: 'transport', sent: 'unknown' } }

function whenAborted(signal: AbortSignal): Promise<'lost'> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('lost'), { once: true }))
}

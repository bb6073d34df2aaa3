import { type SessionEvent, sessionMachine } from '@authchart/core/machine'
import { createSimulatedClock } from '@authchart/core/testing'
import { describe, expect, it } from 'vitest'
import { createActor, fromCallback } from 'xstate'
import { createTokenFacts, judgedAt } from '../support/drive-chart.ts'
import { possibleEvents } from './possible-events.ts'

const now = judgedAt.fresh
const anotherSignIn = createTokenFacts({ generation: 9, signInId: 'sign-in-2' })

/** What takes the chart away from a refresh that is under way. */
const departures: readonly SessionEvent[] = [
  { type: 'signOut.requested' },
  { type: 'signIn.stored', token: anotherSignIn },
  { type: 'record.signedIn', token: anotherSignIn },
  { type: 'record.signedOut', generation: 9 },
  { type: 'record.absent', now },
  { type: 'record.ended', end: { reason: 'grantRejected', endedAt: now }, token: createTokenFacts() },
]

describe('a refresh that the chart has left', () => {
  it.each(departures)('is not heard after $type', (departure) => {
    const { actor, sendBack } = startRefreshing()
    const answers = possibleEvents(actor.getSnapshot(), ['lasting', 'uselessOnArrival'])
      .map(({ event }) => event)
      .filter(isProcedureEvent)
    expect(answers.length).toBeGreaterThan(5)
    actor.send(departure)
    const before = actor.getSnapshot()
    expect(before.matches({ signedIn: { refresh: 'refreshing' } })).toBe(false)
    for (const answer of answers) sendBack(answer)
    expect(actor.getSnapshot()).toBe(before)
  })

  it('was heard until then', () => {
    const { actor, sendBack } = startRefreshing()
    sendBack({ type: 'lease.acquired' })
    expect(actor.getSnapshot().matches({ signedIn: { refresh: { refreshing: 'rereading' } } })).toBe(true)
  })
})

function isProcedureEvent(event: { readonly type: string }): event is SessionEvent {
  return /^(lease|intent|tokens|refresh|session)\.(?!requested)/.test(event.type)
}

/** The chart with a refresh under way, and the voice of its procedure. */
function startRefreshing() {
  const voices: ((event: SessionEvent) => void)[] = []
  const machine = sessionMachine.provide({
    actors: { refreshUnderLease: fromCallback(({ sendBack }) => void voices.push(sendBack)) },
  })
  const actor = createActor(machine, {
    input: { key: 'acme:alice', refreshTiming: 'eager', online: true },
    clock: createSimulatedClock({ now: 0 }),
  }).start()
  actor.send({ type: 'record.signedIn', token: createTokenFacts() })
  actor.send({ type: 'refresh.requested', now })
  const [sendBack] = voices
  if (sendBack === undefined) throw new Error('No refresh was begun')
  return { actor, sendBack }
}

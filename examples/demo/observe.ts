import type { Session } from '@authchart/core'
import { getSessionActor, type SessionActor } from '@authchart/core/machine'
import type { StateEvent } from './demo-events.ts'
import type { EventStream } from './event-stream.ts'
import type { World } from './world.ts'

/** Turns a session's states and notices into events. */
export function observeSession(session: Session, events: EventStream): void {
  const actor = getSessionActor(session)
  const tokenSets = new Set<number>()
  let previous = ''
  const look = () => {
    const state = describeState(actor.getSnapshot(), tokenSets)
    if (JSON.stringify(state) === previous) return
    previous = JSON.stringify(state)
    events.emit(state)
  }
  actor.subscribe(look)
  look()
  session.on('*', (notice) => events.emit({ type: 'notice', notice }))
}

/** Turns requests to the two servers into events. */
export function observeServers({ server, api }: Pick<World, 'server' | 'api'>, events: EventStream): void {
  server.onTokenRequest((moment, request) => {
    if (moment === 'arrived') return
    const { refreshToken, presentation, outcome, status, error } = request
    events.emit({
      type: 'tokenRequest',
      refreshToken,
      presentation,
      outcome,
      status,
      error,
    })
  })
  api.onRequest((moment, { path, status, token }) => {
    if (moment === 'arrived') return
    events.emit({
      type: 'apiRequest',
      call: Number(new URL(path, api.origin).searchParams.get('call')),
      status,
      token,
    })
  })
}

type Chart = ReturnType<SessionActor['getSnapshot']>

function describeState(chart: Chart, tokenSets: Set<number>): StateEvent {
  const { token, failure, end } = chart.context
  if (token.held) tokenSets.add(token.generation)
  return {
    type: 'state',
    ...describeRegions(chart.value),
    usable: chart.hasTag('usable'),
    tokenSet: tokenSets.size,
    receivedAt: token.held ? token.receivedAt : undefined,
    refreshDueAt: token.refreshDueAt,
    expiresAt: token.expiresAt,
    code: failure?.code,
    retryAt: failure?.retryAt,
    reason: end?.reason,
  }
}

function describeRegions(value: Chart['value']): Pick<StateEvent, 'token' | 'refresh'> {
  if (typeof value === 'object' && 'signedIn' in value && value.signedIn !== undefined) {
    return { token: value.signedIn.token, refresh: pathOf(value.signedIn.refresh) }
  }
  return { token: pathOf(value) }
}

/** A state value as people write it: `refreshing.storing`. */
function pathOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([state, inner]) => `${state}.${pathOf(inner)}`)
    .join(' ')
}

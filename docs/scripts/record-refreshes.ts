import { createSession, memoryStore, type Session } from '@authchart/core'
import { type RecordedState, recordSession, type SessionRecording } from '@authchart/core/inspect'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { startTokenEndpoint, type TokenEndpoint } from '@authchart/core/testing'

/** What the page shows of a scene. */
export interface ShownRefresh {
  readonly title: string
  /** How many token requests the server saw. */
  readonly requests: number
  /** The transitions of all sessions that changed something, in the order in which they happened. */
  readonly steps: readonly ShownStep[]
}

export interface ShownStep {
  readonly holder: string
  /** Milliseconds since the beginning. */
  readonly time: number
  readonly event: string
  readonly token: string
  readonly refresh: string
  readonly code?: string
  readonly reason?: string
}

interface Scene {
  readonly title: string
  readonly holders: readonly string[]
  /** What happens; each session holds a token that has expired. */
  play(sessions: readonly Session[], endpoint: TokenEndpoint): Promise<unknown>
}

const scenes: readonly Scene[] = [
  {
    title: 'A token has expired',
    holders: ['The program'],
    play: ([session]) => ask(session),
  },
  {
    title: 'Two tabs ask at once',
    holders: ['One tab', 'Another tab'],
    play: (sessions, endpoint) => {
      // Long enough for the second one to wait.
      endpoint.failNext({ kind: 'delay', milliseconds: 200 })
      return Promise.all(sessions.map(ask))
    },
  },
  {
    title: 'The answer is lost',
    holders: ['The program'],
    play: ([session], endpoint) => {
      endpoint.failNext({ kind: 'cut', afterCommit: true })
      return ask(session)
    },
  },
  {
    title: 'The server is away for a moment',
    holders: ['The program'],
    play: ([session], endpoint) => {
      endpoint.failNext({ kind: 'answer', status: 503 })
      return ask(session)
    },
  },
  {
    title: 'The user has revoked the sign-in',
    holders: ['The program'],
    play: ([session], endpoint) => {
      endpoint.revoke()
      return ask(session)
    },
  },
]

/** Plays each scene with real sessions at a real token endpoint. */
export function recordRefreshes(): Promise<ShownRefresh[]> {
  return Promise.all(scenes.map(record))
}

async function record({ title, holders, play }: Scene): Promise<ShownRefresh> {
  await using endpoint = await startTokenEndpoint({ graceMilliseconds: 60_000 })
  const store = memoryStore()
  const grant = refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'docs' })
  const sessions = holders.map(() => createSession({ key: 'docs', store, grant }))
  await sessions[0]?.signIn({ ...endpoint.signIn(), expiresIn: 0 })
  await Promise.all(sessions.map(untilSignedIn))
  const recorders = sessions.map((session) => recordSession(session))
  await play(sessions, endpoint)
  const recordings = recorders.map((recorder) => recorder.getRecording())
  await Promise.all(sessions.map((session) => session.close()))
  const steps = recordings.flatMap((recording, index) => stepsOf(recording, holders[index] ?? ''))
  return { title, requests: endpoint.counts.requests, steps: steps.sort((one, other) => one.time - other.time) }
}

function stepsOf({ startedAt, transitions }: SessionRecording, holder: string): ShownStep[] {
  const steps = transitions.map(({ time, event, state, code, reason }) => ({
    holder,
    time: time - startedAt,
    event: event.replace(/^xstate\.after\.(\w+).*/, 'after $1'),
    ...regionsOf(state),
    code,
    reason,
  }))
  // A timer that finds nothing to do, or news of what is known, comes before or after its neighbours as it happens.
  return steps.filter((step, index) => index === 0 || valuesOf(step) !== valuesOf(steps[index - 1]))
}

function valuesOf(step: ShownStep | undefined): string {
  return [step?.token, step?.refresh, step?.code, step?.reason].join()
}

/** The innermost states of the two regions. */
function regionsOf(state: RecordedState): { token: string; refresh: string } {
  const { token, refresh } = (state as { signedIn: Record<'token' | 'refresh', RecordedState> }).signedIn
  return { token: innermost(token), refresh: innermost(refresh) }
}

function innermost(state: RecordedState): string {
  return typeof state === 'string' ? state : Object.values(state).map(innermost).join()
}

/** Needs a token, and takes what comes. */
async function ask(session: Session | undefined): Promise<void> {
  await session?.getAccessToken().catch(() => {})
}

function untilSignedIn(session: Session): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!session.getSnapshot().signedIn) return
      stop()
      resolve()
    }
    const stop = session.subscribe(look)
    look()
  })
}

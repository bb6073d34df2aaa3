import { createSession, memoryStore, type Session } from '@authchart/core'
import { recordSession } from '@authchart/core/inspect'
import { getSessionActor } from '@authchart/core/machine'
import { compareDurations } from '../compare.ts'
import type { Scenario } from '../measurement.ts'

/** What a recording costs: nothing where a fresh token is used, and a little with each transition. */
export const measureRecording: Scenario = async (effort) => {
  await using bare = await openSignedIn()
  await using recorded = await openSignedIn()
  const recorder = recordSession(recorded)
  const reads = await compareDurations(
    { bare: () => bare.getAccessToken(), recorded: () => recorded.getAccessToken() },
    effort,
  )
  const transitions = await compareDurations(
    { bare: createTransition(bare), recorded: createTransition(recorded) },
    effort,
  )
  recorder.stop()
  const added = (transitions.ratios.recorded - 1) * transitions.baselineNanoseconds
  return [
    {
      name: 'cached `getAccessToken` of a session that is recorded, against one that is not',
      value: reads.ratios.recorded,
      unit: '×',
      target: { atMost: 1.05 },
    },
    { name: 'recording of a transition', value: added / 2 / 1e6, unit: 'ms', target: { atMost: 0.05 } },
    { name: 'for comparison: the transition itself', value: transitions.baselineNanoseconds / 2 / 1e6, unit: 'ms' },
  ]
}

async function openSignedIn(): Promise<Session> {
  const session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: () => Promise.reject(new Error('Nothing is to be refreshed here.')),
  })
  await session.signIn({ accessToken: 'a'.repeat(40), refreshToken: 'r'.repeat(40), expiresIn: 3600 })
  return session
}

/** Two at a time, and not alike: what repeats itself is recorded once. */
function createTransition(session: Session): () => void {
  const actor = getSessionActor(session)
  const request = { type: 'request.ended', generation: 1, origin: 'https://api.acme.example', now: 0 } as const
  return () => {
    actor.send({ ...request, outcome: 'networkFailed' })
    actor.send({ ...request, outcome: 'accepted', status: 200 })
  }
}

import type { Scenario } from '../measurement.ts'
import { measureCachedToken } from './cached-token.ts'
import { measureImport } from './import.ts'
import { measureActors, measureSignedInSessions, measureSignedOutSessions } from './many-sessions.ts'
import { measureRecording } from './recording.ts'
import { measureRejectedTogether } from './rejected-together.ts'
import { measureStartUp } from './start-up.ts'
import { measureFetch, measureKy } from './throughput.ts'

/** Everything that is measured, each in processes of its own, in the order of the results. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  cachedToken: measureCachedToken,
  fetch: measureFetch,
  ky: measureKy,
  rejectedTogether: measureRejectedTogether,
  signedOutSessions: measureSignedOutSessions,
  signedInSessions: measureSignedInSessions,
  actors: measureActors,
  recording: measureRecording,
  import: measureImport,
  startUp: measureStartUp,
}

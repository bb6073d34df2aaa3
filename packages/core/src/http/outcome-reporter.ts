import type { RequestOutcome } from '../token/request-outcome.ts'
import type { RequestPort } from './request-port.ts'

/** Tells a session what became of requests, and says nothing where there is nothing new. */
export interface OutcomeReporter {
  report(outcome: RequestOutcome): void
  /** Reports an accepted token only where it ends a run of other outcomes at that origin. */
  accepted(about: Omit<RequestOutcome, 'outcome'>): void
}

/** Origins whose last report was not `accepted`; one set for all doors of a session. */
const runsByPort = new WeakMap<RequestPort, Set<string>>()

/** The reporter of a session. */
export function createOutcomeReporter(port: RequestPort): OutcomeReporter {
  const runs = runsByPort.get(port) ?? new Set<string>()
  runsByPort.set(port, runs)
  return {
    report(outcome) {
      runs.add(outcome.origin)
      port.reportOutcome(outcome)
    },
    accepted(about) {
      if (runs.delete(about.origin)) port.reportOutcome({ outcome: 'accepted', ...about })
    },
  }
}

import type { Summary } from './demo-events.ts'
import type { Tally } from './tally.ts'
import type { World } from './world.ts'

/** The demo in numbers, at its end: the calls as the service saw them, the token requests as the server did. */
export function summarize({ calls, callsByOutcome, notices }: Tally, { server, session }: World): Summary {
  const { total, replays, reuseDetected } = server.counts
  return {
    type: 'summary',
    requests: calls,
    succeeded: callsByOutcome.succeeded,
    failedWhileTokenUnusable: callsByOutcome.tokenUnusable,
    failedOtherwise: callsByOutcome.failedOtherwise,
    tokenRequests: total,
    refreshes: notices.refreshed ?? 0,
    replays,
    reuseDetected,
    ended: session.getSnapshot().reason ?? 'not ended',
  }
}

/** What went wrong, one sentence each; empty if nothing did. */
export function findFaults(summary: Summary): string[] {
  const { requests, succeeded, failedWhileTokenUnusable, failedOtherwise } = summary
  const faults = [
    expectThat('failedOtherwise', failedOtherwise, 0),
    expectThat('reuseDetected', summary.reuseDetected, 0),
    expectThat('replays', summary.replays, 1),
    expectThat('ended', summary.ended, 'grantRejected'),
    expectThat('succeeded and failed calls', succeeded + failedWhileTokenUnusable + failedOtherwise, requests),
  ]
  return faults.filter((fault) => fault !== undefined)
}

function expectThat<Value>(name: string, actual: Value, expected: Value): string | undefined {
  return actual === expected ? undefined : `${name} must be ${expected}, and is ${actual}.`
}

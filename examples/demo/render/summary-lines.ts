import type { Summary } from '../demo-events.ts'
import { type Line, plain, styled } from './line.ts'

/** The demo's end, in words. */
export function describeSummary(
  summary: Summary,
  { faults, advice }: { faults: readonly string[]; advice: string | undefined },
): Line[] {
  const { requests, succeeded, failedWhileTokenUnusable, failedOtherwise } = summary
  const verdict: Line[] =
    faults.length === 0
      ? [[plain('  '), styled('good', '✓ Every call either succeeded or was told why not.')]]
      : faults.map((fault) => [plain('  '), styled('bad', `✗ ${fault}`)])
  const hint: Line[] = advice === undefined ? [] : [[], [plain('  '), styled('strong', advice)]]
  return [
    [],
    [plain('  '), styled('heading', `The session has ended: ${summary.ended}`)],
    [],
    row(requests, 'calls to the API'),
    row(succeeded, '  succeeded'),
    row(failedWhileTokenUnusable, '  had no usable token, and were told so'),
    row(failedOtherwise, '  failed otherwise'),
    row(summary.tokenRequests, 'token requests'),
    row(summary.refreshes, '  brought new tokens'),
    row(summary.replays, '  replayed a lost answer'),
    row(summary.reuseDetected, '  sent a spent refresh token'),
    [],
    ...verdict,
    ...hint,
    [],
  ]
}

function row(count: number, what: string): Line {
  return [styled('strong', String(count).padStart(7)), plain(`  ${what}`)]
}

import type { RequestOutcome } from '../token/request-outcome.ts'
import type { SessionParts } from './session-parts.ts'

/** Feeds what became of requests into the chart. */
export interface OutcomeReporter {
  report(outcome: RequestOutcome): void
  /** Whether this origin has refused this generation right after the refresh that was made for it. */
  isRefusedAfterRefresh(origin: string, generation: number): boolean
}

export function createOutcomeReporter(parts: SessionParts): OutcomeReporter {
  /** The generation that each origin refused after a refresh: one that refuses every token must not cause a loop. */
  let refusals: readonly { readonly origin: string; readonly generation: number }[] = []
  const isRefused = (origin: string, generation: number) =>
    refusals.some((refusal) => refusal.origin === origin && refusal.generation === generation)

  return {
    report({ outcome, origin, generation, status }) {
      const request = { generation, origin, ...(status === undefined ? {} : { status }) }
      if (outcome === 'rejected') {
        // Known already: of a hundred requests that are rejected together, one costs the chart a step.
        if (isRefused(origin, generation) || parts.vault.isWithheld(generation)) return
        return parts.send({ type: 'token.rejected', now: parts.options.clock.now(), ...request })
      }
      if (outcome === 'rejectedAfterRefresh') {
        // A hundred requests that fail alike are one piece of news.
        if (isRefused(origin, generation)) return
        refusals = [...refusals.filter((refusal) => refusal.origin !== origin), { origin, generation }]
      }
      parts.send({ type: `request.${outcome}`, ...request })
    },
    isRefusedAfterRefresh: isRefused,
  }
}

import { canonicalKey } from './canonical-key.ts'
import { type Exploration, explore } from './explore.ts'
import { findUnrest, findViolation } from './invariants.ts'
import { refreshSteps } from './refresh-steps.ts'
import { serverSteps } from './server.ts'
import { createInitialState, type Scenario, type State } from './state.ts'
import type { Step } from './step.ts'
import { expirySteps, holderSteps, lateWriteSteps, restoreSteps } from './user-steps.ts'

/** Explores the refresh procedure in one scenario, exhaustively. */
export function exploreProcedure(scenario: Scenario, mostStates: number): Exploration {
  return explore<State, Step>({
    initial: createInitialState(scenario),
    steps: (state) => [
      ...refreshSteps(state, scenario),
      ...serverSteps(state, scenario.server),
      ...lateWriteSteps(state, scenario),
      ...restoreSteps(state),
      ...expirySteps(state),
      ...holderSteps(state, scenario),
    ],
    canonicalKey,
    findViolation: (before, step) => findViolation(before, step, scenario),
    findUnrest,
    mostStates,
  })
}

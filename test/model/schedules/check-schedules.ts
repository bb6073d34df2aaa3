import { env } from 'node:process'
import fc from 'fast-check'
import { isSoak } from '../soak.ts'
import type { ServerKind } from '../state.ts'
import { runSchedule } from './run-schedule.ts'
import { InvariantViolation } from './schedule.ts'
import { type Flavour, scripts } from './script-arbitrary.ts'

/**
 * The seed of all schedules: `MODEL_SEED`, or else the same each time in CI, so that nobody's change fails by chance,
 * and another one each time in the long run.
 */
export const seed = Number(env.MODEL_SEED ?? (isSoak ? Date.now() % 2 ** 31 : 1))

/** How many schedules of each kind; there are 32 kinds, which makes 20,000 in CI. */
export const runs = isSoak ? 20_000 : 625

/** How long they may take, in milliseconds: far more than they do. */
export const timeout = isSoak ? 3_600_000 : 120_000

/**
 * Runs schedules of one kind against the real thing.
 * @throws with the shortest story that breaks an invariant, and the seed
 */
export async function checkSchedules(server: ServerKind, flavour: Flavour, runs: number): Promise<void> {
  await fc.assert(createProperty(server, flavour), { numRuns: runs, seed })
}

/** The first violation that schedules of one kind come upon, without looking for a shorter story. */
export async function findViolation(
  kind: { server: ServerKind; flavour: Flavour },
  options: { runs: number; seed: number },
): Promise<string | undefined> {
  const { server, flavour } = kind
  const found = await fc.check(createProperty(server, flavour), {
    numRuns: options.runs,
    seed: options.seed,
    endOnFailure: true,
  })
  const error = found.errorInstance
  if (!found.failed) return undefined
  return error instanceof InvariantViolation ? error.violation : String(error)
}

function createProperty(server: ServerKind, flavour: Flavour) {
  return fc.asyncProperty(fc.scheduler(), scripts(server, flavour), async (scheduler, script) => {
    await runSchedule(script, scheduler)
  })
}

import fc, { seed } from '../../support/properties.ts'
import { isSoak } from '../../support/soak.ts'
import type { ServerKind } from '../state.ts'
import { runSchedule } from './run-schedule.ts'
import { InvariantViolation, type Script, type StepScheduler } from './schedule.ts'
import { type Flavour, scripts } from './script-arbitrary.ts'

/** How many schedules of each kind; there are 52 kinds, which makes 27,000 in CI. */
export const runs = isSoak ? 20_000 : 520

/** How long they may take, in milliseconds: far more than they do. */
export const timeout = isSoak ? 3_600_000 : 120_000

/**
 * Runs schedules of one kind against the real thing.
 * @throws with the shortest story that breaks an invariant, and the seed
 */
export async function checkSchedules(server: ServerKind, flavour: Flavour, runs: number): Promise<void> {
  const property = fc.asyncProperty(fc.scheduler(), scripts(server, flavour), async (scheduler, script) => {
    await runSchedule(script, scheduler)
  })
  await fc.assert(property, { numRuns: runs, seed })
}

/** Whether schedules of one kind come upon one of some violations; which one, if so. Others do not count. */
export async function findViolation(
  wanted: { server: ServerKind; flavour: Flavour; violations: readonly string[] },
  options: { runs: number; seed: number },
): Promise<string | undefined> {
  let found: string | undefined
  const property = fc.asyncProperty(
    fc.scheduler(),
    scripts(wanted.server, wanted.flavour),
    async (scheduler, script) => {
      const violation = await violationOf(script, scheduler)
      // Sets are numbered differently from story to story.
      const name = violation?.replace(/\d+/, 'N')
      if (name !== undefined && wanted.violations.includes(name)) found = name
      return found === undefined
    },
  )
  await fc.check(property, { numRuns: options.runs, seed: options.seed, endOnFailure: true })
  return found
}

async function violationOf(script: Script, scheduler: StepScheduler): Promise<string | undefined> {
  try {
    await runSchedule(script, scheduler)
    return undefined
  } catch (error) {
    if (error instanceof InvariantViolation) return error.violation
    throw error
  }
}

import { env } from 'node:process'
import fc from 'fast-check'
import { isSoak } from './soak.ts'

/**
 * The seed of all properties and schedules: `MODEL_SEED`, or else the same each time in CI, so that nobody's change fails
 * by chance, and another one each time in the long run.
 */
export const seed = Number(env.MODEL_SEED ?? (isSoak ? Date.now() % 2 ** 31 : 1))

fc.configureGlobal({ seed })

export default fc

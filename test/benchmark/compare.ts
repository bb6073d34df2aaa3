import { measure } from 'mitata'
import type { Effort } from './measurement.ts'
import { quantile } from './measurement.ts'

const rounds = { full: 40, smoke: 1 }
const roundNanoseconds = { full: 30e6, smoke: 1e6 }

/**
 * How much longer each function takes than the first, as the median over rounds in which each has its turn.
 *
 * In turns, and every other round backwards, because a machine that others use as well, the warmth of its processor and
 * the growth of a heap all drift: what is measured side by side drifts together. Of each turn the lower quartile counts:
 * what else the machine does makes a sample slower, never faster.
 *
 * @returns for each name, its time divided by that of the first; and the first's own time in nanoseconds
 */
export async function compareDurations<Name extends string>(
  functions: Readonly<Record<Name, () => unknown>>,
  effort: Effort,
): Promise<{ baselineNanoseconds: number; ratios: Readonly<Record<Name, number>> }> {
  const names = Object.keys(functions) as Name[]
  const [baseline] = names
  if (baseline === undefined) throw new Error('There is nothing to compare.')
  const durations = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds[effort] + 1; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { p25 } = await measure(functions[name], measureOptions(effort))
      // The first round warms up.
      if (round > 0) durations.get(name)?.push(p25)
    }
  }
  const first = durations.get(baseline) ?? []
  const ratioOf = (name: Name) => {
    const inTurn = (durations.get(name) ?? []).map((duration, round) => duration / (first[round] ?? Number.NaN))
    return quantile(inTurn, 0.5)
  }
  return {
    baselineNanoseconds: quantile(first, 0.5),
    ratios: Object.fromEntries(names.map((name) => [name, ratioOf(name)])) as Record<Name, number>,
  }
}

function measureOptions(effort: Effort) {
  return {
    min_cpu_time: roundNanoseconds[effort],
    min_samples: effort === 'full' ? 12 : 1,
    // A collection in every round would hide what each function leaves for it to do.
    gc: false,
  }
}

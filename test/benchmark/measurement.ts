/** One number that a scenario found in one process. */
export interface Measurement {
  readonly name: string
  readonly value: number
  readonly unit: '×' | 'ms' | 'kB' | 'requests'
  /** What issue and architecture ask for; absent for numbers that are there to compare with. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number }
}

/** How long a scenario goes on measuring: `full` for results, `smoke` to see that it runs at all. */
export type Effort = 'full' | 'smoke'

/** Measures one thing; everything that is compared is measured in the same process. */
export type Scenario = (effort: Effort) => Promise<readonly Measurement[]>

/** What many processes found for one number. */
export interface Summary {
  readonly measurement: Measurement
  readonly median: number
  /** The quartiles, between which half of the processes are. */
  readonly spread: readonly [number, number]
  readonly processes: number
}

/** The medians over processes, in the order in which the numbers first came. */
export function summarize(measurements: readonly Measurement[]): readonly Summary[] {
  return [...Map.groupBy(measurements, ({ name }) => name).values()].flatMap((group) => {
    const [measurement] = group
    if (measurement === undefined) return []
    const values = group.map(({ value }) => value)
    return {
      measurement,
      median: quantile(values, 0.5),
      spread: [quantile(values, 0.25), quantile(values, 0.75)] as const,
      processes: values.length,
    }
  })
}

/** Whether the median keeps to the target; `undefined` where there is none. */
export function meetsTarget({ measurement: { target }, median }: Summary): boolean | undefined {
  if (target === undefined) return undefined
  return 'atMost' in target ? median <= target.atMost : median >= target.atLeast
}

/** Between the two values nearest to it, as far as it is from each. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  const position = (sorted.length - 1) * part
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

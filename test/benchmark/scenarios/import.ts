import { spawnSync } from 'node:child_process'
import type { Effort, Scenario } from '../measurement.ts'
import { quantile } from '../measurement.ts'

const rounds: Record<Effort, number> = { full: 15, smoke: 1 }

const programs = {
  bare: '',
  index: `import ${JSON.stringify(import.meta.resolve('@authchart/core'))}`,
  xstate: `import ${JSON.stringify(import.meta.resolve('xstate'))}`,
}

/** How long a program takes that imports the index door, over one that does nothing. */
export const measureImport: Scenario = async (effort) => {
  const overBare = { index: [] as number[], xstate: [] as number[] }
  for (let round = 0; round < rounds[effort]; round += 1) {
    const bare = run(programs.bare)
    overBare.index.push(run(programs.index) - bare)
    overBare.xstate.push(run(programs.xstate) - bare)
  }
  return [
    {
      name: 'import of the index door, over a bare Node',
      value: quantile(overBare.index, 0.5),
      unit: 'ms',
      target: { atMost: 20 },
    },
    { name: 'for comparison: import of xstate alone', value: quantile(overBare.xstate, 0.5), unit: 'ms' },
  ]
}

function run(program: string): number {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [
    ...process.execArgv,
    '--input-type=module',
    '--eval',
    program,
  ])
  if (status !== 0) throw new Error(String(stderr))
  return performance.now() - startedAt
}

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Figures, type FleetOptions, startFleet } from './fleet.ts'

export interface SoakOptions extends Omit<FleetOptions, 'folder' | 'key'> {
  readonly milliseconds: number
  /** How many processes of each way are killed, one after the other. */
  readonly kills: number
  /** Told what came of it so far, after each kill. */
  readonly onProgress?: (figures: SoakFigures) => void
}

export type SoakFigures = Readonly<Record<'authchart' | 'sdk', Figures>>

/** Runs processes that share one credential, those of authchart and those with the SDK's own provider side by side. */
export async function runSoak({ milliseconds, kills, onProgress, ...options }: SoakOptions): Promise<SoakFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-soak-'))
  const key = randomBytes(32).toString('base64')
  try {
    await using ours = await startFleet('authchart', { ...options, folder, key })
    await using theirs = await startFleet('sdk', { ...options, folder, key })
    const figures = () => ({ authchart: ours.figures, sdk: theirs.figures })
    for (let round = 0; round < kills; round += 1) {
      await setTimeout(milliseconds / (kills + 1))
      const index = round % options.processes
      await Promise.all([ours.kill(index), theirs.kill(index)])
      onProgress?.(figures())
    }
    await setTimeout(milliseconds / (kills + 1))
    await Promise.all([ours.stop(), theirs.stop()])
    return figures()
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The figures as a table, for people. */
export function describeFigures({ authchart, sdk }: SoakFigures): string {
  const rows = [
    ['', 'authchart', "the SDK's own provider, over a file"],
    ...(Object.keys(authchart) as (keyof Figures)[]).map((name) => [name, authchart[name], sdk[name]]),
  ]
  return rows
    .map(([name, ours, theirs]) => `${String(name).padEnd(14)}${String(ours).padStart(10)}  ${theirs}`)
    .join('\n')
}

import { execFile } from 'node:child_process'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { seed } from '../../support/properties.ts'
import { guardRemovals } from './guards.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('./remove-guard.ts', import.meta.url))

/** Most schedules that may be needed to show that a guard is missing; the first that does ends the search. */
const mostRuns = 20_000

describe('a schedule shows that', () => {
  it.each(guardRemovals.map((removal, index) => ({ ...removal, index })))('$guard', async ({ index, violations }) => {
    const flags = ['--conditions=@authchart/source', '--no-warnings']
    const { stdout } = await run(execPath, [...flags, program, String(index), String(mostRuns), String(seed)])
    expect(violations).toContain(stdout)
  })
})

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { argv, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'
import { guardRemovals } from './guards.ts'

/**
 * Loads the sources without one guard, and looks for a schedule that shows it. A program of its own, since
 * sources are loaded once per process: `node --conditions=@authchart/source remove-guard.ts <index> <runs> <seed>`.
 *
 * Prints which of the expected things went wrong, or that none did. Fails when the guard is not where it should be.
 */
const [index, runs, seed] = argv.slice(2).map(Number)
const removal = guardRemovals[index ?? -1]
if (removal === undefined) throw new Error(`There is no removal ${index}`)
const file = new URL(`../../../packages/${removal.file}`, import.meta.url).href
let isRemoved = false

registerHooks({
  load(url, context, nextLoad) {
    if (url !== file) return nextLoad(url, context)
    isRemoved = true
    return { format: 'module-typescript', source: withoutGuard(url), shortCircuit: true }
  },
})

function withoutGuard(url: string): string {
  let source = readFileSync(fileURLToPath(url), 'utf8')
  for (const [text, without] of removal?.replacements ?? []) {
    const count = source.split(text).length - 1
    if (count !== 1) throw new Error(`In ${removal?.file}, this is found ${count} times rather than once: ${text}`)
    source = source.replace(text, () => without)
  }
  return source
}

const { findViolation } = await import('./check-schedules.ts')
const violation = await findViolation(removal, { runs: runs ?? 0, seed: seed ?? 0 })
if (!isRemoved) throw new Error(`${removal.file} was never loaded`)
stdout.write(violation ?? 'nothing of the kind went wrong')

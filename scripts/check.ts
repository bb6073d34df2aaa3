/**
 * Runs everything that CI runs, in order, and stops at the first failure: `pnpm check`.
 *
 * `--skip <step>`, as often as needed, leaves a step out: `pnpm check --skip tests`.
 */
import { spawnSync } from 'node:child_process'
import { env, exit, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { repositoryRoot } from './run-command.ts'

const steps = [
  // `verifyDepsBeforeRun` only warns about a lockfile that does not fit.
  { name: 'lockfile', heading: 'Lockfile', command: ['pnpm', 'install', '--frozen-lockfile'] },
  { name: 'format', heading: 'Format and lint', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'types', heading: 'Types', command: ['tsc', '--build'] },
  { name: 'unused', heading: 'Unused files, exports and dependencies', command: ['knip'] },
  { name: 'packages', heading: 'Packages as published', command: ['node', 'scripts/check-packages.ts'] },
  { name: 'size', heading: 'Size of the doors', command: ['pnpm', 'size'] },
  { name: 'changesets', heading: 'Changesets', command: ['node', 'scripts/check-changesets.ts'] },
  { name: 'tests', heading: 'Tests', command: ['pnpm', 'test'] },
] as const

const { values } = parseArgs({ options: { skip: { type: 'string', multiple: true, default: [] } } })
const unknown = values.skip.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. There are ${steps.map((step) => step.name).join(', ')}.`)
  exit(2)
}

const startedAt = performance.now()
for (const { name, heading, command } of steps) {
  if (values.skip.includes(name)) continue
  console.log(`\n${bold(`── ${heading}`)}  ${command.join(' ')}`)
  const stepStartedAt = performance.now()
  const [program, ...argumentList] = command
  const { status } = spawnSync(program, argumentList, { cwd: repositoryRoot, stdio: ['ignore', 'inherit', 'inherit'] })
  const seconds = secondsSince(stepStartedAt)
  if (status !== 0) {
    console.error(`\n${bold(`✗ ${heading}: failed after ${seconds}.`)}`)
    exit(1)
  }
  console.log(`✓ ${heading}: ${seconds}`)
}
console.log(`\n${bold(`✓ All checks passed in ${secondsSince(startedAt)}.`)}`)

function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}

function bold(text: string): string {
  return stdout.isTTY && env.NO_COLOR === undefined ? `\u001b[1m${text}\u001b[22m` : text
}

/**
 * Measures the built packages and writes the results into docs/performance.md: `pnpm bench`.
 *
 * `--only <scenario>`, as often as needed, measures that alone and writes nothing; `--processes <count>` sets in how many
 * fresh processes each scenario runs, 9 by default.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os'
import { execPath, exit, version } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Measurement, summarize } from './measurement.ts'
import { formatTable } from './results-table.ts'
import { scenarios } from './scenarios/index.ts'

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, processes: { type: 'string', default: '9' } },
})
const names = values.only ?? Object.keys(scenarios)
const processes = Number(values.processes)
const loadBefore = loadavg()[0] ?? 0

const measurements: Measurement[] = []
// Round by round, not scenario by scenario: a bad minute of the machine is then a small part of every number.
for (let round = 1; round <= processes; round += 1) {
  for (const name of names) {
    console.error(`${round}/${processes} ${name}`)
    measurements.push(...runInFreshProcess(name))
  }
}

const table = formatTable(summarize(measurements))
console.log(`\n${table}\n\n${describeRun()}`)
if (values.only === undefined) writeResults(`${table}\n\n${describeRun()}`)

function runInFreshProcess(name: string): Measurement[] {
  const program = fileURLToPath(new URL('run-scenario.ts', import.meta.url))
  const { status, stdout } = spawnSync(execPath, ['--expose-gc', program, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status !== 0) exit(1)
  return JSON.parse(stdout) as Measurement[]
}

function describeRun(): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  const load = [loadBefore, loadavg()[0] ?? 0].map((value) => value.toFixed(1)).join(' to ')
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)} with Node ${version} (${platform()} ${arch()}) on`,
    `${availableParallelism()} × ${cpus()[0]?.model.trim()}, ${memory} GiB; ${processes} processes each;`,
    `load average ${load}, this run included.`,
  ].join('\n')
}

function writeResults(results: string): void {
  const document = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
  const marked = /(<!-- results -->\n)[\s\S]*?(<!-- end of results -->)/
  const text = readFileSync(document, 'utf8')
  if (!marked.test(text)) throw new Error('docs/performance.md has no place for results.')
  writeFileSync(
    document,
    text.replace(marked, (_, start: string, end: string) => `${start}\n${results}\n\n${end}`),
  )
}

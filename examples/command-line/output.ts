import { type Line, paint, plain, styled } from '@authchart/example-demo/line'
import type { Failure } from './describe-error.ts'

/** Where the program writes: results to stdout, messages about them to stderr. */
export interface Output {
  readonly json: boolean
  /** The result, on stdout; nothing with `--json`. */
  print(line: Line): void
  /** The same in JSON, on stdout; nothing without `--json`. */
  printJson(value: unknown): void
  /** Messages for people, on stderr. */
  say(line: Line): void
  fail(failure: Failure): void
}

/** Writes to the streams of the process, with colours on a terminal that wants them. */
export function createOutput({ json }: { json: boolean }): Output {
  const { stdout, stderr } = process
  const say = (line: Line) => void stderr.write(`${paint(line, { stream: stderr })}\n`)
  const printJson = (value: unknown) => void (json && stdout.write(`${JSON.stringify(value)}\n`))
  return {
    json,
    print: (line) => void (json || stdout.write(`${paint(line, { stream: stdout })}\n`)),
    printJson,
    say,
    fail({ exitCode, code, lines, facts }) {
      printJson({ error: { code, message: lines.join(' '), ...facts }, exitCode })
      const [what = '', ...advice] = lines
      say([styled('bad', '✗ '), plain(what)])
      for (const line of advice) say([plain(`  ${line}`)])
    },
  }
}

import { styleText } from 'node:util'
import type { Failure } from './describe-error.ts'

/** A line for people, with a mark of how good that is. */
export interface Line {
  readonly mark?: keyof typeof marks
  readonly text: string
}

/** Where the program writes: results to stdout, all that is said about them to stderr. */
export interface Terminal {
  /** The result, on stdout; nothing with `--json`. */
  print(line: Line): void
  /** The same in JSON, on stdout; nothing without `--json`. */
  printJson(value: unknown): void
  /** Rows under headings, on stdout; nothing with `--json`. */
  printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void
  say(line: Line): void
  fail(failure: Failure): void
  /**
   * Shows what is going on, in a last line of stderr that is drawn anew every second, from the first second on; on
   * terminals only. Returns a function that takes it away.
   */
  showProgress(describe: (seconds: number) => string): () => void
}

const marks = { good: ['✓', 'green'], caution: ['!', 'yellow'], bad: ['✗', 'red'] } as const

/** Writes to the streams of the process, with colours on a terminal that wants them. */
export function createTerminal({ json }: { json: boolean }): Terminal {
  const { stdout, stderr } = process
  let progress = ''
  const erase = () => progress !== '' && stderr.write('\r\u001b[K')
  const write = (stream: NodeJS.WriteStream, { mark, text }: Line) => {
    const [sign, color] = mark === undefined ? [] : marks[mark]
    erase()
    stream.write(`${sign === undefined ? '' : `${styleText(color, sign, { stream })} `}${text}\n`)
    stderr.write(progress)
  }
  const print = (line: Line) => json || write(stdout, line)
  const printJson = (value: unknown) => json && write(stdout, { text: JSON.stringify(value) })
  const say = (line: Line) => write(stderr, line)
  return {
    print,
    printJson,
    say,
    printTable(headings, rows) {
      const [head = '', ...body] = inColumns([headings, ...rows])
      print({ text: styleText('bold', head, { stream: stdout }) })
      for (const text of body) print({ text })
    },
    fail({ exitCode, code, lines, facts }) {
      printJson({ error: { code, message: lines.join(' '), ...facts }, exitCode })
      const [what = '', ...advice] = lines
      say({ mark: 'bad', text: what })
      for (const text of advice) say({ text: `  ${text}` })
    },
    showProgress(describe) {
      if (!stderr.isTTY) return () => {}
      const since = Date.now()
      const timer = setInterval(() => {
        const text = describe(Math.round((Date.now() - since) / 1000)).slice(0, stderr.columns || 80)
        erase()
        progress = styleText('dim', text, { stream: stderr })
        stderr.write(progress)
      }, 1000).unref()
      return () => {
        clearInterval(timer)
        erase()
        progress = ''
      }
    },
  }
}

function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

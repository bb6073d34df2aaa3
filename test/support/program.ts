import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** A program of `test/support/programs` that runs in a process of its own. */
export interface Program extends AsyncDisposable {
  readonly pid: number | undefined
  /** What it has printed so far, line by line. */
  readonly lines: readonly string[]
  /** `undefined` while it runs. */
  readonly exitCode: number | undefined
  /** Resolves once it has printed this line; throws when it ends without. */
  printed(line: string): Promise<void>
  /** Resolves with the next line that begins so, after so many lines; throws when it ends without. */
  printedAfter(count: number, beginning: string): Promise<string>
  /**
   * Resolves with its exit code once all is read that it has printed; throws when it still runs after `withinMilliseconds`
   * (default 30,000, which a program that hangs takes, and a slow machine does not).
   */
  exited(options?: { withinMilliseconds?: number }): Promise<number>
  /** Writes a line to its standard input. */
  tell(line: string): void
  signal(name: NodeJS.Signals): void
}

/** How a program is started. */
export interface ProgramOptions {
  /** Changes to this process's environment; `undefined` takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** For `NODE_COMPILE_CACHE`: types are stripped once, not by each of dozens of processes. */
export const compileCache = fileURLToPath(new URL('../../node_modules/.cache/test-programs', import.meta.url))

/** Starts a program with one argument, as JSON. */
export function startProgram(name: string, input: unknown, options: ProgramOptions = {}): Program {
  const path = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))
  const argumentList = ['--conditions=@authchart/source', path, JSON.stringify(input)]
  const child = spawn(process.execPath, argumentList, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...options.environment },
  })
  return superviseProcess(child)
}

/** Follows a process whose standard input and output are pipes. */
export function superviseProcess(child: ChildProcessByStdio<Writable, Readable, Readable | null>): Program {
  // It may have ended before it reads what it is told.
  child.stdin.on('error', () => {})
  const { lines, changed } = readLines(child)
  const exit = once(child, 'exit')
  let isClosed = false
  // What it has printed last may come after its exit.
  const closed = once(child, 'close').then(([code]) => {
    isClosed = true
    return Number(code ?? 1)
  })

  async function printedSuch(wanted: string, find: () => string | undefined): Promise<string> {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (isClosed) throw new Error(`The program ended and never printed "${wanted}": ${lines.join(', ')}`)
      await Promise.race([changed(), closed])
    }
  }

  return {
    pid: child.pid,
    lines,
    get exitCode() {
      return child.exitCode ?? undefined
    },
    async printed(line) {
      await printedSuch(line, () => lines.find((printed) => printed === line))
    },
    printedAfter: (count, beginning) =>
      printedSuch(beginning, () => lines.slice(count).find((printed) => printed.startsWith(beginning))),
    async exited({ withinMilliseconds = 30_000 } = {}) {
      const { promise: late, reject } = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => reject(new Error(`The program still runs after ${withinMilliseconds} ms: ${lines.join(', ')}`)),
        withinMilliseconds,
      )
      try {
        return await Promise.race([closed, late])
      } finally {
        clearTimeout(timer)
      }
    },
    tell: (line) => void child.stdin.write(`${line}\n`),
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

function readLines(child: ChildProcess): { lines: readonly string[]; changed: () => Promise<void> } {
  const lines: string[] = []
  let rest = ''
  let news = Promise.withResolvers<void>()
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    news.resolve()
    news = Promise.withResolvers<void>()
  })
  return { lines, changed: () => news.promise }
}

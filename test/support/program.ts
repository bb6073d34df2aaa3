import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A program of `test/support/programs` that runs in a process of its own. */
export interface Program extends AsyncDisposable {
  /** What it has printed so far, line by line. */
  readonly lines: readonly string[]
  /** `undefined` while it runs. */
  readonly exitCode: number | undefined
  /** Resolves once it has printed this line; throws when it ends without. */
  printed(line: string): Promise<void>
  /** Resolves with its exit code, and throws when it still runs after `withinMilliseconds`. */
  exited(options: { withinMilliseconds: number }): Promise<number>
}

/** Starts a program with one argument, as JSON. */
export function startProgram(name: string, input: unknown): Program {
  const path = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@authchart/source', path, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { lines, changed } = readLines(child)
  const exit = once(child, 'exit').then(([code]) => Number(code ?? 1))

  return {
    lines,
    get exitCode() {
      return child.exitCode ?? undefined
    },
    async printed(line) {
      while (!lines.includes(line)) {
        if (child.exitCode !== null)
          throw new Error(`The program ended and never printed "${line}": ${lines.join(', ')}`)
        await Promise.race([changed(), exit])
      }
    },
    async exited({ withinMilliseconds }) {
      const { promise: late, reject } = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => reject(new Error(`The program still runs after ${withinMilliseconds} ms: ${lines.join(', ')}`)),
        withinMilliseconds,
      )
      try {
        return await Promise.race([exit, late])
      } finally {
        clearTimeout(timer)
      }
    },
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

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type AuthorizationServer, createBrowser } from '../authorization-server/index.ts'

/** The command-line example as it runs in a process of its own. */
export interface Acme extends AsyncDisposable {
  /** What it has printed so far. */
  readonly stdout: string
  readonly stderr: string
  /** Resolves once one of its streams says this; throws when it ends without. */
  says(what: RegExp): Promise<RegExpExecArray>
  /** Resolves once it has ended and all that it printed was read. */
  ended(): Promise<AcmeOutcome>
  signal(name: NodeJS.Signals): void
}

/** What came of it. */
export interface AcmeOutcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const program = pathOf('../../examples/command-line/main.ts')
const compileCache = pathOf('../../node_modules/.cache/test-programs')
const asSource = '--conditions=@authchart/source'

/** A browser that opens what it is given, and shows it to nobody. */
export const browserCommand = `${process.execPath} ${asSource} ${pathOf('./programs/visit-as-browser.ts')}`

/**
 * Starts it. Nothing of this process's environment is passed on but where programs are found.
 *
 * @param options `onTerminal`: on one that `script` of util-linux makes; all that it prints is then in `stdout`
 */
export function startAcme(
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { onTerminal = false }: { onTerminal?: boolean } = {},
): Acme {
  const command = [process.execPath, asSource, program, ...commandArguments]
  const [file = '', ...given] = onTerminal ? ['script', '-qefc', command.join(' '), '/dev/null'] : command
  const child = spawn(file, given, {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: compileCache, ...environment },
    // A terminal whose input has ended hangs up.
    stdio: [onTerminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  const printed = { stdout: '', stderr: '' }
  let news = Promise.withResolvers<void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text
      news.resolve()
      news = Promise.withResolvers<void>()
    })
  }
  let isClosed = false
  const closed = once(child, 'close').then(([code]) => {
    isClosed = true
    return Number(code ?? -1)
  })
  return {
    get stdout() {
      return printed.stdout
    },
    get stderr() {
      return printed.stderr
    },
    async says(what) {
      for (;;) {
        const found = what.exec(printed.stdout) ?? what.exec(printed.stderr)
        if (found !== null) return found
        if (isClosed) throw new Error(`It ended, and never said ${what}: ${JSON.stringify(printed)}`)
        await Promise.race([news.promise, closed])
      }
    },
    ended: async () => ({ code: await closed, ...printed }),
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await closed
    },
  }
}

/**
 * Runs `acme login` to its end, and goes where it says with a browser of this process. Where the opener would show the
 * address to whoever sits there, by the device flow instead.
 */
export async function logIn(
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { server }: { server: Pick<AuthorizationServer, 'answerDevice'> },
): Promise<AcmeOutcome> {
  const byDevice = process.platform === 'linux' ? [] : ['--device']
  await using login = startAcme(['login', ...byDevice, ...commandArguments], { ...environment, BROWSER: 'false' })
  const [, url, code] = await login.says(/(http:\S+\?\S+)\n|type (\S+)\n/)
  if (url !== undefined) await createBrowser().open(url)
  if (code !== undefined) await server.answerDevice(code, { approve: true })
  return await login.ended()
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { repositoryRoot, runCommand } from '../../scripts/run-command.ts'
import { eventually } from '../support/eventually.ts'
import { findFreePort } from '../support/postgres/free-port.ts'

/** The app in which Next is tried. */
export const nextApp = join(repositoryRoot, 'examples/next-bff')
const next = createRequire(join(nextApp, 'package.json')).resolve('next/dist/bin/next')

/** Runs `next build` on the built packages, without anything that the app is told when it runs. */
export async function buildNextApp(): Promise<void> {
  runCommand('node', ['scripts/build.ts'])
  const child = startNext(['build'])
  let printed = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (printed += chunk))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`next build failed:\n${printed}`)
}

/** A server process of the app. */
export interface NextServer extends AsyncDisposable {
  readonly origin: string
  /** What it has printed. */
  readonly printed: string
}

/** Starts `next start` on a port of the loopback, and waits until it answers. */
export async function startNextServer(
  port: number,
  environment: Readonly<Record<string, string>>,
): Promise<NextServer> {
  const child = startNext(['start', '--hostname', '127.0.0.1', '--port', `${port}`], environment)
  let printed = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (printed += chunk))
  const origin = `http://127.0.0.1:${port}`
  const answers = () =>
    fetch(origin).then(
      ({ ok }) => ok,
      () => false,
    )
  await eventually(answers, { description: `${origin} answers`, withinMilliseconds: 60_000, pauseMilliseconds: 50 })
  return {
    origin,
    get printed() {
      return printed
    },
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      child.kill()
      await exit
    },
  }
}

/** Two ports that are free just now. */
export const findTwoPorts = () => Promise.all([findFreePort(), findFreePort()])

function startNext(argumentList: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return spawn(execPath, [next, ...argumentList], {
    cwd: nextApp,
    // As it is in production, and not in tests.
    env: { ...env, NODE_ENV: 'production', NODE_OPTIONS: '', NEXT_TELEMETRY_DISABLED: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

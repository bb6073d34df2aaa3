/** Shows the command-line program against an authorization server and an API on loopback: `pnpm example:command-line`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readOptions } from '../../../scripts/read-options.ts'
import { showAll } from './stops.ts'
import { startWorld, type World } from './world.ts'

const usage = `Usage: pnpm example:command-line [--shell]

Shows each command of acme against an authorization server and an API on
127.0.0.1. With --shell it opens a shell in which you can try them.`

const { shell } = readOptions(usage, { shell: { type: 'boolean', default: false } })
await using world = await startWorld()
if (shell) await openShell(world)
else await showAll(world)

async function openShell({ environment, server }: World): Promise<void> {
  process.stderr.write(
    [
      `An authorization server is at ${server.issuer}, and an API; their tokens live for 4 seconds.`,
      'Begin with "acme login", "acme --help" says the rest. "exit" ends all of it.',
      '',
    ].join('\n'),
  )
  const shell = spawn(environment.SHELL ?? 'sh', [], { env: environment, stdio: 'inherit' })
  // Leave Ctrl-C to the shell.
  process.on('SIGINT', () => {})
  await once(shell, 'close')
}

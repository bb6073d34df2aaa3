/**
 * Shows the command-line program against an authorization server and an API on loopback: `pnpm example:command-line`.
 *
 * With `--shell` it opens a shell instead, in which you can try `acme`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { showAll } from './stops.ts'
import { startWorld, type World } from './world.ts'

const given = process.argv.slice(2).filter((argument) => argument !== '--')
const { values } = parseArgs({ args: given, options: { shell: { type: 'boolean', default: false } } })
await using world = await startWorld()
if (values.shell) await openShell(world)
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

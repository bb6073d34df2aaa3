import { spawnSync } from 'node:child_process'
import { platform } from 'node:process'
import { fileURLToPath } from 'node:url'

/** The folder of the repository, with a slash at its end. */
export const repositoryRoot: string = fileURLToPath(new URL('../', import.meta.url))

/**
 * Runs a command of the workspace in its root and returns what it printed.
 *
 * Its standard input is closed, so that nothing can wait for an answer.
 * @throws when it does not succeed; the message holds what it printed
 */
export function runCommand(command: string, argumentList: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, argumentList, {
    cwd: repositoryRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    // There, npm, pnpm and tsc are scripts of a shell.
    shell: platform === 'win32',
  })
  if (status === 0) return stdout
  const said = [error?.message, stdout, stderr].filter((text) => text !== undefined && text !== '').join('\n')
  throw new Error(`\`${[command, ...argumentList].join(' ')}\` failed:\n${said}`)
}

/**
 * An HTTP service that calls an upstream API on client credentials and on a stored user session:
 * `pnpm example:node-service`, and `--help` for its settings.
 */
import { isConfigurationError, isStoreError } from '@authchart/core'
import { readCommand, usage } from './command-line.ts'
import { readConfiguration } from './configuration.ts'
import { logToOutput } from './log.ts'
import { runService } from './run-service.ts'
import { signIn } from './sign-in.ts'

const mistakeExitCode = 2

const command = readCommand(process.argv.slice(2))
switch (command.kind) {
  case 'help':
    process.stdout.write(usage)
    break
  case 'mistake':
    process.exitCode = refuse([command.message])
    break
  case 'serve':
  case 'signIn':
    process.exitCode = await run(command.kind)
}

async function run(kind: 'serve' | 'signIn'): Promise<number> {
  const read = readConfiguration(process.env)
  if (read.kind === 'mistakes') return refuse(read.mistakes)
  try {
    if (read.kind === 'none')
      return kind === 'serve' ? await runTrial() : refuse(['There are no settings: see --help.'])
    if (kind === 'signIn') return await signIn(read.configuration)
    return await runService(read.configuration, { log: logToOutput })
  } catch (error) {
    // An issuer or a folder that cannot be used: the message says so, without secrets.
    if (!isConfigurationError(error) && !isStoreError(error)) throw error
    return refuse([error.message])
  }
}

/** Runs it against servers of its own. */
async function runTrial(): Promise<number> {
  // Loaded only here: the service itself needs no authorization server in its process.
  const { startTrial } = await import('./trial.ts')
  const { HOST: host = '127.0.0.1', PORT: port = '8080' } = process.env
  await using trial = await startTrial({ host, port: Number(port) })
  const onListening = (url: string) => void process.stderr.write(trial.describe(url))
  return await runService(trial.configuration, { log: logToOutput, onListening })
}

function refuse(mistakes: readonly string[]): number {
  for (const mistake of mistakes) process.stderr.write(`${mistake}\n`)
  return mistakeExitCode
}

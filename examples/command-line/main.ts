import { type CommandName, readCommandLine } from './command-line.ts'
import type { Command } from './commands/command.ts'
import { describeError } from './describe-error.ts'
import { exitCodes } from './exit-codes.ts'
import { createTerminal } from './terminal.ts'
import { usage } from './usage.ts'

/** Each command is loaded only when it runs: `status` needs no HTTP. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  login: async () => (await import('./commands/login.ts')).login,
  status: async () => (await import('./commands/status.ts')).status,
  call: async () => (await import('./commands/call.ts')).call,
  watch: async () => (await import('./commands/watch.ts')).watch,
  logout: async () => (await import('./commands/logout.ts')).logout,
  explain: async () => (await import('./commands/explain.ts')).explain,
}

// The reader of our output may close it, as `head` does.
process.stdout.on('error', () => {})
const commandLine = readCommandLine(process.argv.slice(2), process.env)
switch (commandLine.kind) {
  case 'help':
    process.stdout.write(usage)
    break
  case 'mistake':
    process.stderr.write(`${commandLine.message}\n`)
    process.exitCode = exitCodes.mistake
    break
  case 'run': {
    const { name, options } = commandLine
    const terminal = createTerminal(options)
    try {
      const command = await commands[name]()
      // Not `process.exit`: work under way is finished, and nothing else keeps the process alive.
      process.exitCode = await command(options, terminal)
    } catch (error) {
      const failure = describeError(error, options)
      terminal.fail(failure)
      process.exitCode = failure.exitCode
    }
  }
}

import { type CommandName, readCommandLine, type StoreKind } from './command-line.ts'
import type { Command } from './commands/command.ts'
import { describeError } from './describe-error.ts'
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
const given = process.argv.slice(2)
const terminal = createTerminal({ json: given.includes('--json') })
let store: StoreKind = 'keyring'
try {
  const commandLine = readCommandLine(given, process.env)
  if (commandLine === undefined) process.stdout.write(usage)
  else {
    const { name, options } = commandLine
    store = options.store
    const command = await commands[name]()
    // Not `process.exit`: work under way is finished, and nothing else keeps the process alive.
    process.exitCode = await command(options, terminal)
  }
} catch (error) {
  const failure = describeError(error, { store })
  terminal.fail(failure)
  process.exitCode = failure.exitCode
}

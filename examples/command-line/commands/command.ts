import type { Options } from '../command-line.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'

/** Runs one command. `main` describes what it throws. */
export type Command = (options: Options, terminal: Terminal) => Promise<ExitCode>

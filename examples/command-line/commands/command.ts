import type { Options } from '../command-line.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Output } from '../output.ts'

/** Runs one command. `main` describes what it throws. */
export type Command = (options: Options, output: Output) => Promise<ExitCode>

import type { Options } from '../command-line.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Output } from '../output.ts'

/** Runs one command. What it throws is described by `main`. */
export type Command = (options: Options, output: Output) => Promise<ExitCode>

import type { LogLine } from './log-line.ts'

/** Writes a line of the log: JSON on standard output, with the time first. */
export type Log = (line: LogLine) => void

/** A log on standard output. */
export const logToOutput: Log = (line) => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`)
}

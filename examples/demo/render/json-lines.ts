import type { Renderer } from '../demo-events.ts'

/** One line of JSON per event; the summary last. */
export function createJsonLines(output: NodeJS.WriteStream): Renderer {
  const write = (value: unknown) => void output.write(`${JSON.stringify(value)}\n`)
  return {
    show: write,
    finish(summary, faults) {
      write(summary)
      for (const fault of faults) process.stderr.write(`${fault}\n`)
    },
    close() {},
  }
}

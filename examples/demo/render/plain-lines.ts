import type { Renderer } from '../demo-events.ts'
import { type Line, paint } from './line.ts'
import { createNarrator } from './narrator.ts'
import { describeSummary } from './summary-lines.ts'

/** A log of what changes, for pipes and files: the cursor never moves. */
export function createPlainLines(output: NodeJS.WriteStream): Renderer {
  const narrate = createNarrator({ withStates: true })
  let advice: string | undefined
  const write = (lines: readonly Line[]) => {
    for (const line of lines) output.write(`${paint(line, { stream: output })}\n`)
  }
  return {
    show(event) {
      if (event.type === 'notice' && event.notice.type === 'ended') advice = event.notice.advice
      write(narrate(event))
    },
    finish: (summary, faults) => write(describeSummary(summary, { faults, advice })),
    close() {},
  }
}

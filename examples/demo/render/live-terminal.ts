import type { WriteStream } from 'node:tty'
import type { Renderer } from '../demo-events.ts'
import { type Line, paint, plain, styled } from './line.ts'
import { createNarrator } from './narrator.ts'
import { describePanel } from './panel.ts'
import { addToView, emptyView } from './panel-view.ts'
import { describeSummary } from './summary-lines.ts'

const frameMilliseconds = 80
// Escape codes that Node has no methods for.
const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

/** A scrolling log above a panel that is redrawn in place. */
export function createLiveTerminal(output: WriteStream): Renderer {
  const narrate = createNarrator({ withStates: false })
  let view = emptyView
  let advice: string | undefined
  let panelLines = 0
  let log: Line[] = [...introduction]
  const frames = setInterval(draw, frameMilliseconds)
  output.write(hideCursor)

  function draw(): void {
    const columns = output.columns - 1
    const panel = describePanel(view, { now: Date.now(), columns })
    // Corked, so that the frame reaches the terminal in one piece, without flicker.
    output.cork()
    erasePanel()
    print(log, columns)
    print(panel, columns)
    output.uncork()
    log = []
    panelLines = panel.length
  }

  function erasePanel(): void {
    if (panelLines > 0) output.moveCursor(0, -panelLines)
    output.cursorTo(0)
    output.clearScreenDown()
    panelLines = 0
  }

  function print(lines: readonly Line[], columns: number): void {
    for (const line of lines) output.write(`${paint(line, { stream: output, columns })}\n`)
  }

  let isClosed = false
  function close(): void {
    if (isClosed) return
    isClosed = true
    clearInterval(frames)
    draw()
    output.write(showCursor)
  }

  return {
    show(event) {
      if (event.type === 'notice' && event.notice.type === 'ended') advice = event.notice.advice
      view = addToView(view, event, Date.now())
      log.push(...narrate(event))
    },
    finish(summary, faults) {
      close()
      print(describeSummary(summary, { faults, advice }), output.columns - 1)
    },
    close,
  }
}

const introduction: Line[] = [
  [],
  [plain('  '), styled('strong', 'authchart'), plain(': a service calls an API, and stays signed in through it all.')],
  [
    plain('  A call: '),
    styled('good', '•'),
    plain(' succeeded  '),
    styled('caution', '↻'),
    plain(' sent again  '),
    styled('caution', '×'),
    plain(' no token, told at once  '),
    styled('bad', '!'),
    plain(' failed'),
  ],
]

import { once } from 'node:events'
import { WriteStream } from 'node:tty'
import { readCommand, usage } from './command-line.ts'
import type { Renderer, Summary } from './demo-events.ts'
import { createEventStream, type EventStream } from './event-stream.ts'
import type { Inspection } from './inspection.ts'
import { createJsonLines } from './render/json-lines.ts'
import { createLiveTerminal } from './render/live-terminal.ts'
import { panelHeight } from './render/panel.ts'
import { createPlainLines } from './render/plain-lines.ts'
import { startService } from './service.ts'
import { accessTokenLifetime, playStory } from './story.ts'
import { findFaults, summarize } from './summary.ts'
import { signIn, startWorld } from './world.ts'

/** The exit code that shells give a program ended by Ctrl-C: 128 and the signal's number. */
const interruptedExitCode = 130

const command = readCommand(process.argv.slice(2))
switch (command.kind) {
  case 'help':
    process.stdout.write(usage)
    break
  case 'mistake':
    process.stderr.write(`${command.message}\n`)
    process.exitCode = 2
    break
  case 'play':
    process.exitCode = command.inspect
      ? await playInspected(chooseRenderer(command), createInterruption())
      : await play(chooseRenderer(command), createInterruption())
}

/** Plays the demo in a viewer that stays until Ctrl-C, and returns the exit code. */
async function playInspected(renderer: Renderer, interruption: AbortSignal): Promise<number> {
  // Loaded only here: the viewer's server takes as long to load as the rest of the demo.
  const { describeInspection, startInspection } = await import('./inspection.ts')
  const inspection = await startInspection()
  process.stderr.write(describeInspection(inspection))
  try {
    const exitCode = await play(renderer, interruption, inspection)
    if (!interruption.aborted) {
      process.stderr.write(`The viewer stays at ${inspection.url} until Ctrl-C.\n`)
      await once(interruption, 'abort')
    }
    return exitCode
  } finally {
    await inspection.close()
  }
}

/** Plays the demo from start to end, and returns the exit code. */
async function play(renderer: Renderer, interruption: AbortSignal, inspection?: Inspection): Promise<number> {
  const events = createEventStream({ signal: interruption })
  events.subscribe(renderer.show)
  try {
    const summary = await playOnce(events, interruption, inspection)
    const faults = findFaults(summary)
    renderer.finish(summary, faults)
    return faults.length === 0 ? 0 : 1
  } catch (error) {
    if (interruption.aborted) return interruptedExitCode
    renderer.close()
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    return 1
  } finally {
    renderer.close()
  }
}

async function playOnce(events: EventStream, interruption: AbortSignal, inspection?: Inspection): Promise<Summary> {
  const world = await startWorld(events, { accessTokenLifetime })
  inspection?.show(world.session)
  try {
    await signIn(world, events)
    const service = startService(world, { events, signal: interruption })
    try {
      await playStory(world, events)
    } finally {
      await service.stop()
    }
    return summarize(events.tally, world)
  } finally {
    await world.close()
  }
}

function chooseRenderer({ json }: { json: boolean }): Renderer {
  const { stdout } = process
  if (json) return createJsonLines(stdout)
  const canBeDrawnOn = stdout instanceof WriteStream && process.env.TERM !== 'dumb' && stdout.rows > panelHeight + 4
  return canBeDrawnOn ? createLiveTerminal(stdout) : createPlainLines(stdout)
}

/** Ctrl-C, or an output that is closed. */
function createInterruption(): AbortSignal {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  // Heard once: a second Ctrl-C ends the process at once.
  process.once('SIGINT', interrupt)
  process.stdout.on('error', interrupt)
  return interruption.signal
}

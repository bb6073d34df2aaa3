import type { DemoEvent, TimedEvent } from './demo-events.ts'
import { addToTally, emptyTally, type Tally } from './tally.ts'

/** The demo's events, from where they are caused to where they are shown. */
export interface EventStream {
  readonly tally: Tally
  emit(event: DemoEvent): void
  subscribe(listener: (event: TimedEvent) => void): void
  /**
   * Resolves once the tally matches.
   * @throws the signal's reason; an error that names `description` when it takes longer than `patienceMilliseconds`
   */
  until(isMet: (tally: Tally) => boolean, description: string): Promise<void>
}

/** No part of the story takes this long, even on a slow machine. */
const patienceMilliseconds = 60_000

/** Makes an empty stream; `signal` ends all waits. */
export function createEventStream({ signal }: { signal: AbortSignal }): EventStream {
  const startedAt = performance.now()
  const listeners = new Set<(event: TimedEvent) => void>()
  const waits = new Set<() => void>()
  let tally = emptyTally

  return {
    get tally() {
      return tally
    },
    emit(event) {
      tally = addToTally(tally, event)
      const timed = { ...event, at: Math.round(performance.now() - startedAt) }
      for (const listener of listeners) listener(timed)
      for (const look of [...waits]) look()
    },
    subscribe(listener) {
      listeners.add(listener)
    },
    async until(isMet, description) {
      signal.throwIfAborted()
      if (isMet(tally)) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const look = () => {
        if (isMet(tally)) resolve()
      }
      const abort = () => reject(signal.reason)
      const timer = setTimeout(() => reject(new Error(`Waited in vain: ${description}`)), patienceMilliseconds)
      waits.add(look)
      signal.addEventListener('abort', abort)
      try {
        await promise
      } finally {
        clearTimeout(timer)
        waits.delete(look)
        signal.removeEventListener('abort', abort)
      }
    },
  }
}

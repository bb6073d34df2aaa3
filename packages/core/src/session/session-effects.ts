import type { RefreshPrompt } from '../policy/choose-record.ts'
import type { SessionEvent, TokenFacts } from './session-events.ts'

/** How an effect answers: with one event, or with several as it goes. */
export type Answer = (event: SessionEvent) => void

/** What the chart lets the world do. Nothing here throws; what goes wrong comes back as an event. */
export interface SessionEffects {
  readClock(answer: Answer): void
  /** Reads the record at the start. */
  readRecord(answer: Answer): void
  /** Runs the refresh procedure. Returns how to lose interest in it: that ends the wait for the lease, nothing else. */
  refresh(prompt: RefreshPrompt, answer: Answer): () => void
  /** Writes the tombstone, then revokes. */
  signOut(answer: Answer): void
  /** Reads the record again and sends what it says; several hints at once cost one or two reads. */
  followRecord(): void
  /** Serves the tokens behind this description from now on. */
  holdTokens(token: TokenFacts): void
  /** Serves the current token no longer: a resource server refused it. */
  withholdToken(generation: number): void
  /** Forgets the tokens in memory. */
  forgetTokens(): void
}

/**
 * One machine serves every session, since providing a machine per session costs a millisecond and tens of kilobytes
 * each. Its effects are found by the actor system that runs it. A machine that runs without effects, as in a
 * simulation, waits for events that somebody sends.
 */
const effectsBySystem = new WeakMap<object, SessionEffects>()

export function provideEffects(system: object, effects: SessionEffects): void {
  effectsBySystem.set(system, effects)
}

export function effectsOf(system: object): SessionEffects | undefined {
  return effectsBySystem.get(system)
}

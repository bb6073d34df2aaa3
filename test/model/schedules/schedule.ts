import type { ServerKind } from '../state.ts'

/** What somebody does, and after how many steps of the world. */
export interface Command {
  readonly after: number
  readonly holder: number
  readonly action: Action
}

/**
 * - `use`: somebody asks for a token. `refresh`: somebody wants a new one now. `reject`: an API refuses the current one.
 * - `crash`: the holder is gone with all it has in memory, and another one opens the session. `suspend`: it stands still,
 *   until `resume`.
 * - `fireTimer`: the next timer is due before anything else happens. `sleep`: an hour passes, and tokens expire. `minute`:
 *   up to a minute passes, in which hardly anything else happens.
 * - `restore`: the store goes back to an older record. `clockJump`: the clock of the database is set a minute ahead.
 */
export type Action =
  | 'use'
  | 'refresh'
  | 'reject'
  | 'signIn'
  | 'signOut'
  | 'crash'
  | 'suspend'
  | 'resume'
  | 'fireTimer'
  | 'sleep'
  | 'minute'
  | 'restore'
  | 'clockJump'

/** What goes wrong with one operation of a store. `at` counts the operations of all holders. */
export interface StoreFault {
  readonly at: number
  /**
   * `fails`: nothing is done. `failsAfterwards`: it is done all the same. `hangs`: no answer, nothing done. `landsLate`:
   * no answer, and done at some time.
   */
  readonly fault: 'fails' | 'failsAfterwards' | 'hangs' | 'landsLate'
}

/** What goes wrong with one token request. `at` counts the requests of all holders. */
export interface NetworkFault {
  readonly at: number
  /**
   * `slow`: the server answers after nobody waits any more. `trouble`: a 500, before or after the exchange.
   */
  readonly fault: 'notSent' | 'lostRequest' | 'lostAnswer' | 'slow' | 'trouble' | 'troubleAfterwards' | 'throttled'
}

/** Everything about a run that is not the order of its steps. */
export interface Script {
  readonly server: ServerKind
  readonly holders: number
  readonly commands: readonly Command[]
  readonly storeFaults: readonly StoreFault[]
  readonly networkFaults: readonly NetworkFault[]
  /** Leases run out unless they are renewed, as those of a database do. */
  readonly leasesRunOut: boolean
}

/** Who decides what happens next: `fc.scheduler()` is one. */
export interface StepScheduler {
  schedule<Value>(task: Promise<Value>, label?: string): Promise<Value>
  waitOne(): Promise<void>
  count(): number
}

/** Something that must never happen has happened. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
  readonly violation: string

  constructor(violation: string, story: readonly string[]) {
    super([violation, ...story.map((sentence, index) => `  ${index + 1}. ${sentence}`)].join('\n'))
    this.violation = violation
  }
}

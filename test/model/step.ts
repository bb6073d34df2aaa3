import type { State } from './state.ts'

/** One thing that can happen in a state. */
export interface Step {
  /** What happened, as a sentence for a trace. */
  readonly say: string
  readonly state: State
  /**
   * `progress`: it will happen by itself. `chance`: it may happen, or not; nobody can count on it.
   */
  readonly kind: 'progress' | 'chance'
  /** What the invariants should know beyond the two states. */
  readonly facts: readonly Fact[]
}

export type Fact =
  /** A token request left a holder. */
  | {
      readonly type: 'sent'
      readonly set: number
      readonly prompted: number
      readonly generation: number
      readonly unknown: boolean
      readonly ofRun: number
      /** The session was over. */
      readonly afterEnd: boolean
      /** The app asked for it. */
      readonly explicit: boolean
      /** Its holder has the lease. */
      readonly leased: boolean
      /** The highest generation of this sign-in that its holder knows. */
      readonly known: number
      /** Another holder knows a higher one. */
      readonly isKnownBetter: boolean
      readonly afterWriteBack: boolean
      /** Another request with it is open. */
      readonly isOpen: boolean
    }
  /** A write was sent that only the holder of the lease may make. */
  | { readonly type: 'wrote'; readonly what: 'intent' | 'pause'; readonly leased: boolean }
  /** A refresh is to send its token though the record backs off. */
  | { readonly type: 'impatient' }
  /** The server was shown a refresh token that it had exchanged already. */
  | { readonly type: 'reused'; readonly set: number }
  /** A refresh came to its end; `failed` where it brought nothing. */
  | { readonly type: 'finished'; readonly failed: boolean }

export function progress(say: string, state: State, ...facts: Fact[]): Step {
  return { say, state, kind: 'progress', facts }
}

export function chance(say: string, state: State, ...facts: Fact[]): Step {
  return { say, state, kind: 'chance', facts }
}

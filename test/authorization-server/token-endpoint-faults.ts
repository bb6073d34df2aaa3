import { createFaultQueue, type Fault } from './fault-queue.ts'
import { createGate, type Gate, type GatePassage } from './gate.ts'
import type { HttpAnswer } from './http-answer.ts'
import type { Grace } from './refresh-token-ledger.ts'

/** When a fault strikes, and how often. */
export interface FaultOptions {
  /** How many token requests it strikes. Default 1; `Infinity` until it is cleared. */
  readonly times?: number
  /** Requests with this `grant_type` only. Default `refresh_token`, so that signing in goes on; `any` for all. */
  readonly grantType?: string
}

/** Whether the provider processes the request before the fault strikes. Default false. */
export interface CommitOption {
  readonly afterCommit?: boolean
}

/** A token response's members, to be changed. */
export type TokenResponseMembers = Record<string, unknown>

/** Switches at the token endpoint. They strike in the order in which they were armed, one ending for each request. */
export interface TokenEndpointFaults {
  /** Gives an answer in place of the provider's, before the provider sees the request unless `afterCommit`. */
  answerWith(answer: HttpAnswer, options?: FaultOptions & CommitOption): Fault
  /** Lets the provider answer and changes the members of its token response; `status` replaces the 200. */
  alterAnswer(
    change: (members: TokenResponseMembers) => TokenResponseMembers,
    options?: FaultOptions & { readonly status?: number; readonly rotates?: boolean },
  ): Fault
  /** The provider commits and answers; the connection is destroyed before a byte of the answer leaves. */
  dropAnswerAfterCommit(options?: FaultOptions): Fault
  /** The provider commits; its answer ends before all the bytes that were announced. */
  truncateAnswerAfterCommit(options?: FaultOptions): Fault
  /** The connection is destroyed before the provider sees the request. */
  cutConnectionBeforeCommit(options?: FaultOptions): Fault
  /** Holds requests for so long before the provider sees them, and their answers after it committed. */
  delay(
    latency: { readonly beforeMilliseconds?: number; readonly afterMilliseconds?: number },
    options?: FaultOptions,
  ): Fault
  /** Holds each request (`times` default `Infinity`) until the test lets it go on. */
  hold(options?: FaultOptions & CommitOption): Gate
  /** Serves spent refresh tokens once more for so long after they were spent; 0 ends that. */
  setGrace(milliseconds: number, options?: { readonly answer?: Grace['answer'] }): void
  /** Whether a refresh spends its refresh token. Default true. */
  setRotation(rotates: boolean): void
  /** Disarms every fault, opens every gate, ends the grace and turns rotation on. */
  clear(): void
}

/** How a request ends if not by the provider's own answer. */
export type Ending =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer; readonly afterCommit: boolean }
  | {
      readonly kind: 'alter'
      readonly change: (members: TokenResponseMembers) => TokenResponseMembers
      readonly status: number | undefined
      readonly rotates: boolean | undefined
      readonly afterCommit: true
    }
  | { readonly kind: 'truncate'; readonly afterCommit: true }
  | { readonly kind: 'destroy'; readonly afterCommit: boolean }

/** What keeps a request waiting. */
export interface Hindrance {
  readonly gate?: GatePassage
  readonly milliseconds?: number
  readonly afterCommit: boolean
}

/** What befalls one request. */
export interface Plan {
  readonly ending: Ending | undefined
  readonly hindrances: readonly Hindrance[]
}

/** The side of the faults that the token endpoint sees. */
export interface ArmedTokenEndpointFaults extends TokenEndpointFaults {
  readonly grace: Grace | undefined
  readonly rotates: boolean
  plan(request: { readonly grantType: string }): Plan
}

/** Makes a set of switches, all off. */
export function createTokenEndpointFaults(): ArmedTokenEndpointFaults {
  const endings = createFaultQueue<{ grantType: string }, Ending>()
  const hindrances = createFaultQueue<{ grantType: string }, Hindrance[]>()
  const gates = new Set<GatePassage>()
  let grace: Grace | undefined
  let rotates = true

  const arming = ({ times = 1, grantType = 'refresh_token' }: FaultOptions = {}) => ({
    times,
    appliesTo: (request: { grantType: string }) => grantType === 'any' || request.grantType === grantType,
  })

  function hold({ times = Number.POSITIVE_INFINITY, afterCommit = false, ...options }: FaultOptions & CommitOption) {
    const gate = createGate({
      onRelease() {
        fault.clear()
        gates.delete(gate)
      },
    })
    const fault = hindrances.arm([{ gate, afterCommit }], arming({ ...options, times }))
    gates.add(gate)
    return gate
  }

  return {
    answerWith: (answer, { afterCommit = false, ...options } = {}) =>
      endings.arm({ kind: 'answer', answer, afterCommit }, arming(options)),
    alterAnswer: (change, { status, rotates, ...options } = {}) =>
      endings.arm({ kind: 'alter', change, status, rotates, afterCommit: true }, arming(options)),
    dropAnswerAfterCommit: (options) => endings.arm({ kind: 'destroy', afterCommit: true }, arming(options)),
    truncateAnswerAfterCommit: (options) => endings.arm({ kind: 'truncate', afterCommit: true }, arming(options)),
    cutConnectionBeforeCommit: (options) => endings.arm({ kind: 'destroy', afterCommit: false }, arming(options)),
    delay: ({ beforeMilliseconds = 0, afterMilliseconds = 0 }, options) =>
      hindrances.arm(
        [
          { milliseconds: beforeMilliseconds, afterCommit: false },
          { milliseconds: afterMilliseconds, afterCommit: true },
        ],
        arming(options),
      ),
    hold: (options = {}) => hold(options),
    setGrace(milliseconds, { answer = 'sameAnswer' } = {}) {
      grace = milliseconds > 0 ? { milliseconds, answer } : undefined
    },
    setRotation(on) {
      rotates = on
    },
    clear() {
      endings.clear()
      hindrances.clear()
      for (const gate of [...gates]) gate.release()
      grace = undefined
      rotates = true
    },
    get grace() {
      return grace
    },
    get rotates() {
      return rotates
    },
    plan: (request) => ({ ending: endings.takeFirst(request), hindrances: hindrances.takeAll(request).flat() }),
  }
}

import { apiAnswers } from './api-answers.ts'
import { createFaultQueue, type Fault } from './fault-queue.ts'
import { createGate, type Gate, type GatePassage } from './gate.ts'
import type { HttpAnswer } from './http-answer.ts'

/** Which requests a fault strikes, and how often. */
export interface ApiFaultOptions {
  /** How many requests it strikes. Default 1; `Infinity` until it is cleared. */
  readonly times?: number
  /** Requests that carry this access token only. */
  readonly accessToken?: string
  /** Requests to this path (without the query) only. */
  readonly path?: string
  /** Default `api`. */
  readonly at?: 'api' | 'otherOrigin'
}

/** Switches of the API. They strike in the order in which they were armed, one ending for each request. */
export interface ApiFaults {
  /** Gives this answer whatever the token is worth; the body is read first. */
  answerWith(answer: HttpAnswer, options?: ApiFaultOptions): Fault
  /** Gives this answer (default a 401 `invalid_token`) to the first `times` requests of each access token. */
  rejectFirstOfEachToken(times: number, options?: { readonly answer?: HttpAnswer }): void
  /** Revokes the token that the request carries, and rejects it. Strikes valid tokens only. */
  revokePresentedToken(options?: ApiFaultOptions): Fault
  /** Sends the request on to the same path of `otherOrigin`. Default status 307. */
  redirectToOtherOrigin(options?: ApiFaultOptions & { readonly status?: 301 | 302 | 303 | 307 | 308 }): Fault
  /** Destroys the connection in place of an answer; without `beforeBody`, once the body has been read. */
  destroyConnection(options?: ApiFaultOptions & { readonly beforeBody?: boolean }): Fault
  /** Holds each request (`times` default `Infinity`), its token already judged, until the test lets it go on. */
  hold(options?: ApiFaultOptions & { readonly beforeBody?: boolean }): Gate
  /** Disarms every fault and opens every gate. */
  clear(): void
}

/** What the faults know of a request. */
export interface ApiFaultSubject {
  readonly at: 'api' | 'otherOrigin'
  readonly path: string
  readonly accessToken: string | undefined
  readonly valid: boolean
}

/** How a request ends if not by what its token is worth. */
export type ApiEnding =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer }
  | { readonly kind: 'revoke' }
  | { readonly kind: 'redirect'; readonly status: number }
  | { readonly kind: 'destroy'; readonly beforeBody: boolean }

/** What befalls one request. */
export interface ApiPlan {
  readonly ending: ApiEnding | undefined
  readonly gates: readonly { readonly gate: GatePassage; readonly beforeBody: boolean }[]
}

/** The side of the faults that the API sees. */
export interface ArmedApiFaults extends ApiFaults {
  plan(subject: ApiFaultSubject): ApiPlan
}

/** Makes a set of switches, all off. */
export function createApiFaults(): ArmedApiFaults {
  const endings = createFaultQueue<ApiFaultSubject, ApiEnding>()
  const holds = createFaultQueue<ApiFaultSubject, ApiPlan['gates'][number]>()
  const openGates = new Set<GatePassage>()
  let eachToken: { times: number; answer: HttpAnswer; seen: Map<string, number> } | undefined

  const arm = (ending: ApiEnding, options: ApiFaultOptions = {}) =>
    endings.arm(ending, { times: options.times ?? 1, appliesTo: (subject) => strikes(ending, options, subject) })

  function rejectionOfEachToken({ accessToken, at }: ApiFaultSubject): ApiEnding | undefined {
    if (!eachToken || accessToken === undefined || at !== 'api') return undefined
    const seen = (eachToken.seen.get(accessToken) ?? 0) + 1
    eachToken.seen.set(accessToken, seen)
    return seen <= eachToken.times ? { kind: 'answer', answer: eachToken.answer } : undefined
  }

  return {
    answerWith: (answer, options) => arm({ kind: 'answer', answer }, options),
    rejectFirstOfEachToken(times, { answer = apiAnswers.invalidToken } = {}) {
      eachToken = { times, answer, seen: new Map() }
    },
    revokePresentedToken: (options) => arm({ kind: 'revoke' }, options),
    redirectToOtherOrigin: ({ status = 307, ...options } = {}) => arm({ kind: 'redirect', status }, options),
    destroyConnection: ({ beforeBody = false, ...options } = {}) => arm({ kind: 'destroy', beforeBody }, options),
    hold({ beforeBody = false, times = Number.POSITIVE_INFINITY, ...options } = {}) {
      const gate = createGate({
        onRelease() {
          fault.clear()
          openGates.delete(gate)
        },
      })
      const fault = holds.arm({ gate, beforeBody }, { times, appliesTo: (subject) => matches(options, subject) })
      openGates.add(gate)
      return gate
    },
    clear() {
      endings.clear()
      holds.clear()
      eachToken = undefined
      for (const gate of [...openGates]) gate.release()
    },
    plan: (subject) => ({
      ending: endings.takeFirst(subject) ?? rejectionOfEachToken(subject),
      gates: holds.takeAll(subject),
    }),
  }
}

function strikes(ending: ApiEnding, options: ApiFaultOptions, subject: ApiFaultSubject): boolean {
  return matches(options, subject) && (ending.kind !== 'revoke' || subject.valid)
}

function matches({ accessToken, path, at = 'api' }: ApiFaultOptions, subject: ApiFaultSubject): boolean {
  if (accessToken !== undefined && accessToken !== subject.accessToken) return false
  if (path !== undefined && path !== subject.path) return false
  return at === subject.at
}

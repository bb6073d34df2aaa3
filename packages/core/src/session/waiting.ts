import { timeoutSignal } from '../clock/wait.ts'
import type { TransientCode } from '../errors/codes.ts'
import { NotSignedInError } from '../errors/not-signed-in-error.ts'
import { isRefreshUnavailableError, RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import { SessionEndedError } from '../errors/session-ended-error.ts'
import type { SessionError } from '../errors/session-error.ts'
import { untilAborted } from '../token/until-aborted.ts'
import type { SessionCore } from './session-core.ts'

/** What a caller wants, and how it has fared so far. */
export interface Caller {
  readonly signal?: AbortSignal | undefined
  readonly minimumValidityMilliseconds: number
  readonly newerThan?: number | undefined
  /** Where the token goes, if that is known. */
  readonly origin?: string | undefined
  /** Until when it waits, in milliseconds since the epoch. */
  readonly patienceUntil: number
  /** Aborts when the caller's patience is over, or with its own signal. Made when it first waits. */
  patience?: { readonly signal: AbortSignal; stop(): void }
  /** How many refreshes it has asked for or joined. */
  refreshes: number
  /** It has looked at the store again. */
  hasLooked: boolean
}

export function createCaller(
  core: SessionCore,
  wish: Partial<Pick<Caller, 'signal' | 'minimumValidityMilliseconds' | 'newerThan' | 'origin'>>,
  waitedMilliseconds = 0,
): Caller {
  const patienceUntil = core.clock.now() + core.options.maximumWaitMilliseconds - waitedMilliseconds
  return { minimumValidityMilliseconds: 0, ...wish, patienceUntil, refreshes: 0, hasLooked: false }
}

/**
 * The chart has dealt with the events sent so far. It usually has when `send` returns; not so when the sender is a
 * listener that the chart itself is just calling.
 */
export function chartHasHeard(): Promise<void> {
  return Promise.resolve()
}

/** Waits for the refresh under way, or for another change of the session. Returns whether patience lasted so long. */
export async function waitForChange(core: SessionCore, caller: Caller, until?: number): Promise<boolean> {
  const { clock, refreshing } = core
  if (refreshing !== undefined) caller.refreshes = Math.max(caller.refreshes, 1)
  if (until === undefined) return (await wait<unknown>(core, caller, refreshing ?? core.untilChange())) !== timedOut
  const { promise: isTime, resolve } = Promise.withResolvers<void>()
  const timer = clock.setTimeout(resolve, until - clock.now())
  try {
    const change: Promise<unknown> = refreshing ?? core.untilChange()
    return (await wait(core, caller, Promise.race([change, isTime]))) !== timedOut
  } finally {
    clock.clearTimeout(timer)
  }
}

export const timedOut = Symbol('timedOut')

/** Waits for a promise within the caller's patience. */
export async function wait<Value>(core: SessionCore, caller: Caller, promise: Promise<Value>): Promise<Value | symbol> {
  const { clock } = core
  const { signal, patienceUntil } = caller
  // A caller that waits is work to be done: the process stays until it has its answer.
  caller.patience ??= timeoutSignal(clock, patienceUntil - clock.now(), { signal, keepAlive: true })
  try {
    return await untilAborted(promise, caller.patience.signal)
  } catch {
    signal?.throwIfAborted()
    return timedOut
  }
}

/** While the session is being disposed of, no failure passes any more. */
export function departing(core: SessionCore, error: Error): Error {
  return core.isDeparting && isRefreshUnavailableError(error) ? new SessionDisposedError() : error
}

/** Why there is no token. */
export function errorOf({ snapshot, context, options, restoreError }: SessionCore): SessionError {
  const { signInHint } = options
  const { status, reason, endedAt = 0, serverCode, code = 'tokenUnusable', retryAt } = snapshot
  if (status === 'signedOut' || status === 'signingOut') return new NotSignedInError({ signInHint })
  if (reason !== undefined && status === 'invalidated') {
    return new SessionEndedError({ reason, endedAt, serverCode, signInHint })
  }
  const { serverWords, mayBeOver } = context.failure ?? {}
  const cause = status === 'restoring' ? restoreError : undefined
  return new RefreshUnavailableError({ code, retryAt, serverWords, mayBeOver }, cause && { cause })
}

export function unavailable(code: TransientCode, retryAt?: number): RefreshUnavailableError {
  return new RefreshUnavailableError({ code, retryAt })
}

import type { EndReason, TransientCode } from '../errors/codes.ts'
import { pausingOrigins, withoutRuns } from '../policy/rejections.ts'
import { isRejected, judgeHeldToken, type SessionContext } from './session-context.ts'

/** In a word, how a session is: what is being done about its token, else how the token is. */
export type SessionStatus =
  | 'restoring'
  | 'signedOut'
  | 'signingOut'
  | 'fresh'
  | 'expiring'
  | 'expired'
  | 'rejected'
  | 'refreshing'
  | 'transientFailure'
  | 'invalidated'

/**
 * How a session is. Frozen, free of secrets, and the same object until something changes.
 *
 * All times are milliseconds since the epoch.
 */
export interface SessionSnapshot {
  /** Whether a user is signed in, and the session has not ended. */
  readonly signedIn: boolean
  /** Whether there is an access token that may be sent: `getAccessToken()` answers without waiting. */
  readonly usable: boolean
  /** What the chart is at, for those who want to know more. */
  readonly status: SessionStatus
  /** Which token set is held; 0 before the first. */
  readonly generation: number
  readonly expiresAt?: number
  readonly refreshDueAt?: number
  /** When the sign-in itself ends, so far as the server has said. */
  readonly signInExpiresAt?: number
  /** When the next try is due. Only while something is failing. */
  readonly retryAt?: number
  /** Why it is failing. */
  readonly code?: TransientCode
  /** Why it is over. */
  readonly reason?: EndReason
  readonly endedAt?: number
  /** The authorization server's `error`, if it sent one (RFC 6749, section 5.2). */
  readonly serverCode?: string
  /** The origins whose rejections start no refresh for now, since new tokens did not help. */
  readonly rejectedBy?: readonly string[]
  /** What the device says about its network; `true` where it says nothing. */
  readonly online: boolean
}

/** What a snapshot is made from: the chart's, without its library's types. */
export interface ChartSnapshot {
  readonly value: unknown
  readonly context: SessionContext
}

/**
 * The snapshot of a chart at rest; `previous` itself when nothing in it has changed.
 *
 * @param endedRuns the runs of rejections that have ended here, as `withoutRuns` takes them
 */
export function describeSession(
  chart: ChartSnapshot,
  previous?: SessionSnapshot,
  endedRuns: ReadonlyMap<string, number> = new Map(),
): SessionSnapshot {
  const status = statusOf(chart.value)
  const { token, failure, end, online, rejections, judgedAt } = chart.context
  const pausing = rejections && pausingOrigins(withoutRuns(rejections, endedRuns), judgedAt)
  const rejectedBy = pausing?.length ? pausing : undefined
  const next: SessionSnapshot = {
    signedIn: token.held && end === undefined,
    usable: isUsable(chart.context, status),
    status,
    generation: token.generation,
    expiresAt: token.expiresAt,
    refreshDueAt: token.refreshDueAt,
    signInExpiresAt: token.signInExpiresAt,
    retryAt: failure?.retryAt,
    code: failure?.code,
    reason: end?.reason,
    endedAt: end?.endedAt,
    serverCode: end?.serverCode,
    rejectedBy: String(rejectedBy) === String(previous?.rejectedBy) ? previous?.rejectedBy : rejectedBy,
    online,
  }
  return previous !== undefined && isSame(previous, next) ? previous : Object.freeze(next)
}

/**
 * Whether the token is served. While it is rejected and something is being done about that, it is not; one resource
 * server's word does not make it useless where nothing can be done for now.
 */
export function isUsable(context: SessionContext, status: SessionStatus): boolean {
  const isWithheld = isRejected(context) && status !== 'transientFailure'
  return !isWithheld && judgeHeldToken(context.token, context.judgedAt) !== 'expired'
}

export function statusOf(value: unknown): SessionStatus {
  if (typeof value === 'string') return value as SessionStatus
  const { signedIn } = value as { signedIn?: { token: string; refresh: unknown } }
  if (signedIn === undefined) return 'restoring'
  const refresh = typeof signedIn.refresh === 'string' ? signedIn.refresh : Object.keys(signedIn.refresh as object)[0]
  return (refresh === 'idle' ? signedIn.token : refresh) as SessionStatus
}

function isSame(one: SessionSnapshot, other: SessionSnapshot): boolean {
  return (Object.keys(other) as (keyof SessionSnapshot)[]).every((name) => one[name] === other[name])
}

import type { EndReason, TransientCode } from '../errors/codes.ts'
import type { SessionContext } from './session-context.ts'

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
  readonly status: SessionStatus
  /** Whether there is an access token that may be sent. */
  readonly usable: boolean
  /** Which token set is held; 0 before the first. */
  readonly generation: number
  readonly expiresAt?: number
  readonly refreshDueAt?: number
  /** When the next try is due. Only while something is failing. */
  readonly retryAt?: number
  /** Why it is failing. */
  readonly code?: TransientCode
  /** Why it is over. */
  readonly reason?: EndReason
  readonly endedAt?: number
  /** The authorization server's `error`, if it sent one (RFC 6749, section 5.2). */
  readonly serverCode?: string
  /** What the device says about its network; `true` where it says nothing. */
  readonly online: boolean
}

/** What a snapshot is made from: the chart's, without its library's types. */
export interface ChartSnapshot {
  readonly value: unknown
  readonly context: SessionContext
  hasTag(tag: 'usable'): boolean
}

/**
 * The snapshot of a chart; `previous` itself when nothing in it has changed, and while a token is being judged.
 */
export function describeSession(chart: ChartSnapshot, previous: SessionSnapshot | undefined): SessionSnapshot {
  const status = statusOf(chart.value)
  if (status === 'judging') return previous ?? describe(chart, 'restoring')
  const next = describe(chart, status)
  return previous !== undefined && isSame(previous, next) ? previous : next
}

function describe(chart: ChartSnapshot, status: SessionStatus): SessionSnapshot {
  const { token, failure, end, online } = chart.context
  return Object.freeze({
    status,
    usable: chart.hasTag('usable'),
    generation: token.generation,
    online,
    ...(token.expiresAt === undefined ? {} : { expiresAt: token.expiresAt }),
    ...(token.refreshDueAt === undefined ? {} : { refreshDueAt: token.refreshDueAt }),
    ...(failure === undefined ? {} : { retryAt: failure.retryAt, code: failure.code }),
    ...(end ?? {}),
  })
}

function statusOf(value: unknown): SessionStatus | 'judging' {
  if (typeof value === 'string') return value as SessionStatus
  const { restoring, signedIn } = value as { restoring?: string; signedIn?: { token: string; refresh: unknown } }
  if (restoring !== undefined || signedIn === undefined) return 'restoring'
  if (signedIn.token === 'judging') return 'judging'
  const refresh = typeof signedIn.refresh === 'string' ? signedIn.refresh : Object.keys(signedIn.refresh as object)[0]
  return (refresh === 'idle' ? signedIn.token : refresh) as SessionStatus
}

function isSame(one: SessionSnapshot, other: SessionSnapshot): boolean {
  const names = Object.keys(one) as (keyof SessionSnapshot)[]
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}

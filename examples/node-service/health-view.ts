import type { SessionSnapshot } from '@authchart/core'

/** What `/healthz` answers. */
export interface HealthView {
  /** 503 only while the service stops. */
  readonly httpStatus: 200 | 503
  readonly body: {
    /** `degraded`: a session needs a person, or has no usable token and cannot get one now. */
    readonly status: 'ok' | 'degraded' | 'stopping'
    readonly sessions: Readonly<Record<string, SessionHealth>>
  }
}

/** The state of a session. Times as ISO 8601. */
export interface SessionHealth {
  readonly status: SessionSnapshot['status']
  readonly usable: boolean
  readonly expiresAt?: string
  readonly retryAt?: string
  readonly code?: string
  readonly reason?: string
  readonly endedAt?: string
}

/**
 * The state of the service.
 *
 * A session that fails does not make it 503: an orchestrator would restart the service or take it away, which does not
 * help the authorization server, and callers would no longer get a `Retry-After`.
 */
export function describeHealth(
  sessions: Readonly<Record<string, SessionSnapshot>>,
  { stopping }: { stopping: boolean },
): HealthView {
  const isWell = Object.values(sessions).every((snapshot) => !needsAttention(snapshot))
  return {
    httpStatus: stopping ? 503 : 200,
    body: {
      status: stopping ? 'stopping' : isWell ? 'ok' : 'degraded',
      sessions: Object.fromEntries(Object.entries(sessions).map(([name, each]) => [name, describeSession(each)])),
    },
  }
}

function needsAttention({ status, usable, code, reason }: SessionSnapshot): boolean {
  return status === 'signedOut' || reason !== undefined || (code !== undefined && !usable)
}

function describeSession({ status, usable, code, reason, ...times }: SessionSnapshot): SessionHealth {
  return {
    status,
    usable,
    expiresAt: isoTime(times.expiresAt),
    retryAt: isoTime(times.retryAt),
    code,
    reason,
    endedAt: isoTime(times.endedAt),
  }
}

function isoTime(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString()
}

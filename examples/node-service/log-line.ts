import { NotSignedInError, SessionEndedError, type SessionNotice, type SessionSnapshot } from '@authchart/core'

/** A line of the log without its time. Metadata only. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly [fact: string]: string | number | boolean | undefined
}

const levels: Record<SessionNotice['type'], LogLine['level']> = {
  refreshed: 'info',
  adopted: 'info',
  recovered: 'info',
  signedIn: 'info',
  stored: 'info',
  refreshFailed: 'warn',
  unstored: 'warn',
  stepUpRequired: 'warn',
  rejectedAfterRefresh: 'warn',
  refusedWithoutReason: 'warn',
  refreshTokenMissing: 'warn',
  revocationFailed: 'warn',
  storeUnwatched: 'warn',
  signInExpiring: 'warn',
  endNotStored: 'error',
  recordUnreadable: 'error',
  signedOut: 'error',
  ended: 'error',
}

/** The line for a notice. Notices come once per cause, so the log has a line per change, not per request. */
export function describeNotice(
  session: string,
  notice: SessionNotice,
  { signInHint }: { signInHint: string | undefined },
): LogLine {
  const { type, ...facts } = notice
  const advice = type === 'signedOut' ? { advice: new NotSignedInError({ signInHint }).message } : {}
  return { level: levels[type], event: type, session, ...withIsoTimes(facts), ...advice }
}

/** The line for the state in which a session was found, if an operator has to act: notices tell of changes only. */
export function describeStart(
  session: string,
  snapshot: SessionSnapshot,
  { signInHint }: { signInHint: string | undefined },
): LogLine | undefined {
  const { status, reason, endedAt = 0, serverCode } = snapshot
  if (status === 'signedOut') return describeNotice(session, { type: 'signedOut' }, { signInHint })
  if (reason === undefined) return undefined
  const { message } = new SessionEndedError({ reason, endedAt, signInHint })
  return {
    level: 'error',
    event: 'ended',
    session,
    reason,
    ...withIsoTimes({ endedAt }),
    serverCode,
    advice: message,
  }
}

function withIsoTimes(facts: object): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]): [string, string | number][] => {
      if (value === undefined) return []
      if (typeof value === 'object') return [[name, JSON.stringify(value)]]
      return [[name, name.endsWith('At') ? new Date(value as number).toISOString() : (value as string | number)]]
    }),
  )
}

import type { Session, SessionNotice } from '@authchart/core'

/** Everything that a session says from now on. */
export function collectNotices(session: Session): readonly SessionNotice[] {
  const notices: SessionNotice[] = []
  session.on('*', (notice) => notices.push(notice))
  return notices
}

/** The notices of one type. */
export function noticesOf<Type extends SessionNotice['type']>(
  notices: readonly SessionNotice[],
  type: Type,
): Extract<SessionNotice, { type: Type }>[] {
  return notices.filter((notice): notice is Extract<SessionNotice, { type: Type }> => notice.type === type)
}

/** Their types, in order. */
export function typesOf(notices: readonly SessionNotice[]): SessionNotice['type'][] {
  return notices.map(({ type }) => type)
}

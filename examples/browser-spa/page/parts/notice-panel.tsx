import type { Session, SessionNotice } from '@authchart/core'
import { useEffect, useState } from 'react'
import { session } from '../session.ts'

const mostShown = 8

interface ShownNotice {
  readonly number: number
  readonly time: string
  readonly notice: SessionNotice
}

/** The notices of the session. Not a live region: the status tells a screen reader what it needs. */
export function NoticePanel() {
  const notices = useNotices(session)
  return (
    <section className="notices" aria-labelledby="notices-heading">
      <h2 id="notices-heading">Notices</h2>
      {notices.length === 0 ? (
        <p className="empty">None yet.</p>
      ) : (
        <ol className="log" aria-label="Notices, the latest first">
          {notices.map(({ number, time, notice }) => (
            <li key={number} data-tone={toneOf(notice)}>
              <time>{time}</time> <code>{notice.type}</code> {describeNotice(notice)}
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

/** The last notices of a session, the latest first. */
function useNotices(told: Session): readonly ShownNotice[] {
  const [notices, setNotices] = useState<readonly ShownNotice[]>([])
  useEffect(
    () =>
      told.on('*', (notice) =>
        setNotices((earlier) => {
          const number = (earlier[0]?.number ?? 0) + 1
          return [{ number, time: new Date().toLocaleTimeString(), notice }, ...earlier].slice(0, mostShown)
        }),
      ),
    [told],
  )
  return notices
}

function toneOf({ type }: SessionNotice): 'good' | 'bad' | 'idle' {
  if (type === 'refreshed' || type === 'adopted' || type === 'recovered' || type === 'signedIn') return 'good'
  return type === 'signedOut' || type === 'stored' ? 'idle' : 'bad'
}

function describeNotice(notice: SessionNotice): string {
  if (notice.type === 'ended') return `${notice.reason}. ${notice.advice}`
  if ('code' in notice && notice.code !== undefined) return notice.code
  return 'generation' in notice ? `generation ${notice.generation}` : ''
}

import { useClaims, useSession } from '@authchart/core/react'
import { type ReactNode, useState } from 'react'
import { announceSession, describeSession } from '../describe-session.ts'
import { session, signIn } from '../session.ts'
import { useNow } from '../use-now.ts'
import { ExpiryRing } from './expiry-ring.tsx'

/** The state of the session, and what to do. */
export function SessionPanel({ arrivalError }: { arrivalError: string | undefined }) {
  const snapshot = useSession(session)
  const subject = useClaims(session)?.sub
  const { tone, headline, detail } = describeSession(snapshot)
  const [error, setError] = useState<string>()
  const attempt = (work: () => Promise<unknown>) => () => {
    setError(undefined)
    work().catch((reason: Error) => setError(reason.message))
  }
  const isSignedIn = snapshot.signedIn
  const needsSignIn = snapshot.status === 'signedOut' || snapshot.status === 'invalidated'
  const problem = error ?? arrivalError

  return (
    <section className="session" data-tone={tone} aria-labelledby="session-heading">
      <h2 id="session-heading">Session</h2>
      <div className="status">
        <ExpiryRing snapshot={snapshot} />
        <div>
          <p className="headline">{headline}</p>
          <p>{detail}</p>
          {/* Here rather than among the facts, so that the time is not all that tells of it. */}
          <p className="visually-hidden" role="status">
            {announceSession(snapshot, subject)}
          </p>
        </div>
      </div>
      <Facts subject={subject} />
      <div className="actions">
        {needsSignIn && (
          <button type="button" className="primary" onClick={attempt(signIn)}>
            {snapshot.status === 'invalidated' ? 'Sign in again' : 'Sign in'}
          </button>
        )}
        {isSignedIn && (
          <button type="button" onClick={attempt(() => session.refresh())}>
            Refresh now
          </button>
        )}
        {(isSignedIn || snapshot.status === 'invalidated') && (
          <button type="button" onClick={attempt(() => session.signOut())}>
            Sign out
          </button>
        )}
      </div>
      <p className="problem" role="alert">
        {problem}
      </p>
    </section>
  )
}

function Facts({ subject }: { subject: string | undefined }) {
  const snapshot = useSession(session)
  const now = useNow(snapshot.expiresAt !== undefined)
  const { status, generation, expiresAt, refreshDueAt, retryAt, code, reason, usable, online } = snapshot
  return (
    <dl>
      <Fact term="Status" hidden={false}>
        <code>{status}</code>
      </Fact>
      <Fact term="Subject" hidden={subject === undefined}>
        {subject}
      </Fact>
      <Fact term="Reason" hidden={reason === undefined}>
        <code>{reason}</code>
      </Fact>
      <Fact term="Fails with" hidden={code === undefined}>
        <code>{code}</code>
      </Fact>
      <Fact term="Next try" hidden={retryAt === undefined}>
        {secondsUntil(retryAt, now)}
      </Fact>
      <Fact term="Expires" hidden={expiresAt === undefined || (status === 'invalidated' && !usable)}>
        {secondsUntil(expiresAt, now)}
      </Fact>
      <Fact term="Refresh due" hidden={refreshDueAt === undefined || status === 'invalidated'}>
        {secondsUntil(refreshDueAt, now)}
      </Fact>
      <Fact term="Token usable" hidden={generation === 0}>
        {usable ? 'yes' : 'no'}
      </Fact>
      <Fact term="Generation" hidden={generation === 0}>
        <code>{generation}</code>
      </Fact>
      <Fact term="Network" hidden={false}>
        {online ? 'online' : 'offline'}
      </Fact>
    </dl>
  )
}

function Fact({ term, hidden, children }: { term: string; hidden: boolean; children: ReactNode }) {
  if (hidden) return null
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function secondsUntil(instant: number | undefined, now: number): string {
  const seconds = Math.round(((instant ?? now) - now) / 1000)
  if (seconds > 0) return `in ${seconds} s`
  return seconds === 0 ? 'now' : `${-seconds} s ago`
}

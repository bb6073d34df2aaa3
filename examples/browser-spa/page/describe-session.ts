import type { EndReason, SessionSnapshot, TransientCode } from '@authchart/core'

/** How a session is shown. */
export interface SessionDescription {
  readonly tone: 'good' | 'busy' | 'bad' | 'idle'
  readonly headline: string
  readonly detail: string
}

const failures: Partial<Record<TransientCode, string>> = {
  offline: 'This page has no network.',
  network: 'The authorization server cannot be reached.',
  server: 'The authorization server reports an error.',
  timeout: 'The authorization server does not answer.',
  throttled: 'The authorization server wants us to wait.',
  unknownOutcome: 'The authorization server gave no answer.',
}

const ends: Partial<Record<EndReason, string>> = {
  grantRejected: 'The authorization server has withdrawn the sign-in.',
  rotationLost: 'The sign-in no longer works, after a refresh whose outcome is unknown.',
  recordRemoved: 'The browser has removed what was stored.',
}

/** Describes a session in words. */
export function describeSession(snapshot: SessionSnapshot): SessionDescription {
  const { status, usable, code, reason } = snapshot
  switch (status) {
    case 'restoring':
      return { tone: 'idle', headline: 'Looking for a session', detail: 'Reading what this browser has stored.' }
    case 'signedOut':
      return { tone: 'idle', headline: 'Signed out', detail: 'You are signed out, here and in all other tabs.' }
    case 'signingOut':
      return { tone: 'busy', headline: 'Signing out', detail: 'The tokens are being erased and revoked.' }
    case 'fresh':
      return { tone: 'good', headline: 'Signed in', detail: 'The access token is fresh.' }
    case 'invalidated':
      return { tone: 'bad', headline: 'Session ended', detail: ends[reason as EndReason] ?? 'It cannot be refreshed.' }
    case 'transientFailure': {
      const cause = failures[code as TransientCode] ?? 'Refreshing fails just now.'
      const consequence = usable ? 'The access token still serves.' : 'Calls are refused until that is over.'
      return { tone: 'bad', headline: 'Cannot refresh just now', detail: `${cause} ${consequence}` }
    }
    case 'expiring':
    case 'expired':
    case 'rejected':
    case 'refreshing': {
      const consequence = usable ? 'The old token still serves.' : 'Calls wait for it.'
      return { tone: 'busy', headline: 'Refreshing', detail: `A new access token is being fetched. ${consequence}` }
    }
  }
}

/**
 * What a screen reader reads: less than is shown. A successful refresh is not news, and a text that stays the same is not
 * read again.
 */
export function announceSession(snapshot: SessionSnapshot, subject: string | undefined): string {
  const { headline, detail, tone } = describeSession(snapshot)
  if (tone === 'bad') return `${headline}. ${detail}`
  if (tone === 'idle') return snapshot.status === 'signedOut' ? 'Signed out.' : ''
  if (snapshot.status === 'signingOut') return 'Signing out.'
  return subject === undefined ? 'Signed in.' : `Signed in as ${subject}.`
}

import { coreOf } from '../session/live-session.ts'
import type { Session } from '../session/session.ts'
import type { AccessToken } from '../token/access-token.ts'

/** A token that was handed out. */
interface HandedOut {
  readonly generation: number
  /** When it was first handed out, in milliseconds since the epoch. */
  readonly firstAt: number
  lastAt: number
}

/** A token that is rejected is rejected within so long after it was handed out, in milliseconds. */
const answerMilliseconds = 1_000
/** The answers of a slow server: so long the token before may be what a 401 is about, in milliseconds. */
const slowAnswerMilliseconds = 10_000

/**
 * Hands out a session's tokens to a client that says when a token was rejected, but neither which one nor that one was
 * accepted.
 *
 * - Of calls that are rejected together, one may be answered after another was sent with the next token. So shortly
 *   after a token was first handed out, a rejection is about the one before: a token that was just had is not thrown away.
 * - A token that is not rejected in time was accepted. The session is told, since it refreshes no more for a while where
 *   one new token after the other is rejected. A call that is sent once more says nothing: the client keeps its 401.
 */
export function followTokens(session: Session) {
  const { clock } = coreOf(session)
  let latest: HandedOut | undefined
  let before: HandedOut | undefined
  let unanswered: { generation: number; at: number } | undefined
  let resends = 0

  function noteAccepted(now: number): void {
    if (unanswered === undefined || now - unanswered.at < answerMilliseconds) return
    session.reportOutcome({ outcome: 'accepted', origin: '', generation: unanswered.generation })
    unanswered = undefined
  }

  function noteHandedOut({ generation }: AccessToken, now: number): void {
    if (latest === undefined || generation > latest.generation) {
      before = latest
      latest = { generation, firstAt: now, lastAt: now }
      unanswered = undefined
    }
    latest.lastAt = now
    if (resends > 0) resends -= 1
    else unanswered ??= { generation, at: now }
  }

  return {
    /** @throws as `session.getAccessToken` does */
    async handOut(): Promise<AccessToken> {
      const token = await session.getAccessToken()
      const now = clock.now()
      noteAccepted(now)
      noteHandedOut(token, now)
      return token
    },
    /** Gets a newer token than the one that was rejected. @throws as `session.getAccessToken` does */
    async replaceRejected(): Promise<void> {
      const now = clock.now()
      noteAccepted(now)
      unanswered = undefined
      await session.getAccessToken({ newerThan: rejectedOf(latest, before, now) })
      resends += 1
    },
  }
}

function rejectedOf(latest: HandedOut | undefined, before: HandedOut | undefined, now: number): number | undefined {
  if (latest === undefined || before === undefined) return latest?.generation
  const isNew = now - latest.firstAt < answerMilliseconds
  return isNew && now - before.lastAt < slowAnswerMilliseconds ? before.generation : latest.generation
}

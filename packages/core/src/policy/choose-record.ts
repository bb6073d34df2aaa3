import type { EndReason } from '../errors/codes.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { isHeldBack, longestBackoffMilliseconds, longestCooldownMilliseconds } from './backoff.ts'
import { isOfAnotherIssuer } from './identities.ts'
import { decideRejection, type Rejection, type Rejections } from './rejections.ts'

/** What made a holder want a refresh, and which token set it had. */
export interface RefreshPrompt {
  /** The generation that is not good enough. */
  readonly generation: number
  /**
   * - `due`: by the clock, or because a caller needs it to last longer.
   * - `rejected`: a resource server rejected it.
   * - `resumed`: the device woke up or came back online; our own backoff does not hold it up.
   * - `explicit`: the app called `refresh()`; neither our own backoff nor an end that may have been mended does.
   */
  readonly cause: 'due' | 'rejected' | 'resumed' | 'explicit'
  /** Which resource server, and what is known of it. Only with `rejected`. */
  readonly rejection?: Rejection
}

/** What to do with the record that was read under the lease. */
export type RereadDecision =
  /** Another holder was quicker: take what the record holds. */
  | { readonly kind: 'adopt' }
  /** There is nothing to refresh any more: signed out, ended, or gone. */
  | { readonly kind: 'follow' }
  /** Not before `retryAt` (milliseconds since the epoch). */
  | { readonly kind: 'wait'; readonly retryAt: number; readonly serverAsked: boolean }
  /** The origin that rejected the token rejects every token. With `rejections`, that is to be written. */
  | { readonly kind: 'pause'; readonly rejections?: Rejections }
  /**
   * The grant needs a refresh token, and there is none (`noRefreshToken`), or it is another server's (`clientRejected`:
   * for the operator, who may set the issuer right).
   */
  | { readonly kind: 'end'; readonly reason: 'noRefreshToken' | 'clientRejected' }
  /** Send the record's refresh token. `outcomeUnknown`: an earlier request with it was never answered. */
  | { readonly kind: 'request'; readonly outcomeUnknown: boolean; readonly rejections?: Rejections }

/** Decides what to do with the record that was read under the lease. */
export function decideAfterReread(
  record: SessionRecord,
  prompt: RefreshPrompt,
  circumstances: {
    now: number
    needsRefreshToken: boolean
    /** The issuer that the grant speaks to, if it is known. */
    issuer?: string
    /** Whether the grant signs in by itself: then every end may have been mended. */
    signsIn?: boolean
  },
): RereadDecision {
  const { now, needsRefreshToken, issuer, signsIn = false } = circumstances
  const { status, identity, secrets, refreshIntent, generation } = record
  if (status === 'signedOut' && (!signsIn || generation > prompt.generation)) return { kind: 'follow' }
  if (status === 'ended' && !(prompt.cause === 'explicit' && (signsIn || isMendable(record)))) return { kind: 'follow' }
  if (isWorthAdopting(record, prompt.generation, now)) return { kind: 'adopt' }
  const pause = pauseOf(record, prompt, now)
  if (pause !== undefined) return pause
  if (needsRefreshToken && isOfAnotherIssuer(identity, issuer)) return { kind: 'end', reason: 'clientRejected' }
  if (needsRefreshToken && !secrets?.tokenSet.refreshToken) return { kind: 'end', reason: 'noRefreshToken' }
  const outcomeUnknown = refreshIntent?.generation === generation
  if (prompt.rejection === undefined || generation > prompt.generation) return { kind: 'request', outcomeUnknown }
  const { receivedAt } = secrets?.tokenSet ?? {}
  const decision = decideRejection(record.rejections, prompt.rejection, { generation, receivedAt, now })
  if (decision.kind === 'paused') return { kind: 'pause' }
  return decision.kind === 'pause' ? decision : { kind: 'request', outcomeUnknown, rejections: decision.rejections }
}

/** A server's cooldown binds every refresh; our own backoff only those that nothing new speaks for. */
function pauseOf(
  { serverCooldownUntil, backoffUntil }: SessionRecord,
  { cause }: RefreshPrompt,
  now: number,
): RereadDecision | undefined {
  if (isHeldBack(serverCooldownUntil, { now, longestMilliseconds: longestCooldownMilliseconds })) {
    return { kind: 'wait', retryAt: serverCooldownUntil, serverAsked: true }
  }
  const heedsBackoff = cause === 'due' || cause === 'rejected'
  if (heedsBackoff && isHeldBack(backoffUntil, { now, longestMilliseconds: longestBackoffMilliseconds })) {
    return { kind: 'wait', retryAt: backoffUntil, serverAsked: false }
  }
  return undefined
}

function isMendable({ end, secrets }: SessionRecord): boolean {
  return end !== undefined && mayBeMended(end.reason, Boolean(secrets?.tokenSet.refreshToken))
}

/**
 * Whether an explicit `refresh()` goes on after an end: wherever the refresh token was kept and is not known to be
 * spent or another user's; and where the end was not about the refresh token.
 */
export function mayBeMended(reason: EndReason, hasRefreshToken: boolean): boolean {
  if (reason === 'clientRejected' || reason === 'unreachable') return true
  return hasRefreshToken && reason !== 'rotationLost' && reason !== 'identityMismatch'
}

/** Whether a record holds a newer token set that has not expired meanwhile: an expired one is better refreshed. */
export function isWorthAdopting(record: SessionRecord, generation: number, now: number): boolean {
  if (record.generation <= generation || record.status !== 'signedIn') return false
  const expiresAt = record.secrets?.tokenSet.expiresAt
  return expiresAt === undefined || now < expiresAt
}

/** Whether the store went back in time: it holds an older record of the sign-in than one that is known. */
export function isOutdated(record: SessionRecord, known: SessionRecord): boolean {
  if (record.signInId !== known.signInId || record.generation >= known.generation) return false
  return record.end?.reason !== 'identityMismatch'
}

/** Whether the store went back to before the sign-in that is known: nothing of it is there any more. */
export function isBefore(record: SessionRecord, known: SessionRecord | undefined): boolean {
  return known !== undefined && record.signInId !== known.signInId && record.generation < known.generation
}

/** What to do with an outcome of a token request, when the write that should have stored it did not succeed. */
export type LostWriteDecision =
  /** The record holds it after all. */
  | 'stored'
  /** An intent or a cooldown moved, or, where ours are tokens, the end of the token we had sent was written: ours counts. */
  | 'writeAgain'
  /** The same sign-in holds newer tokens: drop ours, and do not revoke it, since that could end theirs. */
  | 'adopt'
  /** A sign-out, another sign-in or an end is there: ours belongs to no session. */
  | 'drop'

/**
 * Decides about an outcome that was not stored, from what the record says now.
 *
 * @param ours `tokens`: whether the outcome is a token set, rather than an end or a failure; `wasEnded`: whether the
 *   session was over before; `signsIn`: whether the grant signs in by itself: a record that is gone is written again
 */
export function decideAfterLostWrite(
  theirs: SessionRecord | undefined,
  ours: {
    revision: string
    /** What was to be written over. */
    expectedRevision?: string
    signInId: string
    sentGeneration: number
    tokens: boolean
    wasEnded?: boolean
    signsIn?: boolean
  },
): LostWriteDecision {
  if (theirs === undefined) return ours.signsIn === true ? 'writeAgain' : 'drop'
  if (theirs.revision === ours.expectedRevision) return 'writeAgain'
  if (theirs.signInId !== ours.signInId || theirs.status === 'signedOut') return 'drop'
  if (theirs.revision === ours.revision) return 'stored'
  if (theirs.generation > ours.sentGeneration) return theirs.status === 'signedIn' ? 'adopt' : 'drop'
  return theirs.status === 'ended' && !ours.tokens && ours.wasEnded !== true ? 'drop' : 'writeAgain'
}

/** The number of the next token set: above every number ever given out, and above those of a lost store's past. */
export function nextGeneration(
  record: SessionRecord | undefined,
  circumstances: { now: number; floor: number },
): number {
  const reserved = record === undefined ? 0 : Math.max(record.highestReservedGeneration, record.generation)
  return Math.max(reserved + 1, circumstances.floor + 1, Math.floor(circumstances.now))
}

import type { SessionRecord } from '../store/session-record.ts'
import { isHeldBack, longestBackoffMilliseconds, longestCooldownMilliseconds } from './backoff.ts'
import { isOfAnotherIssuer } from './is-of-another-issuer.ts'

/** A token rejected within this time of its birth was dead on arrival, or whoever rejects it always will. */
export const soonAfterBirthMilliseconds = 10_000

/** What made somebody want a refresh, and which token set they had. */
export interface RefreshPrompt {
  /** The generation that is not good enough. */
  readonly generation: number
  /**
   * - `due`: by the clock, or because a caller needs it to last longer.
   * - `rejected`: a resource server refused it.
   * - `resumed`: the device woke up or came back online; our own backoff does not hold it up.
   * - `explicit`: the app called `refresh()`; neither our own backoff nor an end that may have been mended does.
   */
  readonly cause: 'due' | 'rejected' | 'resumed' | 'explicit'
  /** The rejection came within ten seconds of the token's birth. */
  readonly rejectedSoon: boolean
}

/** What to do with the record that was read under the lease. */
export type RereadDecision =
  /** Somebody else was quicker: take what the record holds. */
  | { readonly kind: 'adopt' }
  /** There is nothing to refresh any more: signed out, ended, or gone. */
  | { readonly kind: 'follow' }
  /** Not before `retryAt` (milliseconds since the epoch). */
  | { readonly kind: 'wait'; readonly retryAt: number; readonly serverAsked: boolean }
  /** Token sets keep being refused as soon as they are used: back off first. */
  | { readonly kind: 'backOff' }
  /**
   * The grant needs a refresh token, and there is none (`noRefreshToken`), or it is another server's (`clientRejected`:
   * for the operator, who may set the issuer right).
   */
  | { readonly kind: 'end'; readonly reason: 'noRefreshToken' | 'clientRejected' }
  /**
   * Send the record's refresh token, if it has one. `outcomeUnknown`: an earlier request with it was never answered.
   * There may be no record yet, or a tombstone, where the session needs no sign-in.
   */
  | { readonly kind: 'request'; readonly outcomeUnknown: boolean }

/**
 * Decides what to do with the record that was read under the lease.
 *
 * A session that needs no sign-in begins with its first refresh, and again with the first one after a sign-out: that is
 * one whose prompt knows of the tombstone.
 */
export function decideAfterReread(
  record: SessionRecord | undefined,
  prompt: RefreshPrompt,
  circumstances: {
    now: number
    needsRefreshToken: boolean
    needsSignIn: boolean
    /** The issuer that the grant speaks to, if it is known. */
    issuer?: string | undefined
  },
): RereadDecision {
  const { now, needsRefreshToken, needsSignIn } = circumstances
  if (record === undefined) return needsSignIn ? { kind: 'follow' } : { kind: 'request', outcomeUnknown: false }
  const isTombstone = record.status === 'signedOut'
  if (isTombstone && (needsSignIn || record.generation > prompt.generation)) return { kind: 'follow' }
  if (record.status === 'ended' && !canGoOn(record, prompt, needsSignIn)) return { kind: 'follow' }
  if (isWorthAdopting(record, prompt.generation, now)) return { kind: 'adopt' }
  const { serverCooldownUntil, backoffUntil } = record
  if (isHeldBack(serverCooldownUntil, { now, longestMilliseconds: longestCooldownMilliseconds })) {
    return { kind: 'wait', retryAt: serverCooldownUntil, serverAsked: true }
  }
  if (heedsBackoff(prompt) && isHeldBack(backoffUntil, { now, longestMilliseconds: longestBackoffMilliseconds })) {
    return { kind: 'wait', retryAt: backoffUntil, serverAsked: false }
  }
  if (needsRefreshToken && isOfAnotherIssuer(record.identity, circumstances.issuer)) {
    return { kind: 'end', reason: 'clientRejected' }
  }
  if (needsRefreshToken && !record.secrets?.tokenSet.refreshToken) return { kind: 'end', reason: 'noRefreshToken' }
  if (wouldLoop(record, prompt)) return { kind: 'backOff' }
  // Where nobody signs in, a lost answer has spent nothing.
  return { kind: 'request', outcomeUnknown: needsSignIn && record.refreshIntent?.generation === record.generation }
}

/**
 * Ends that an explicit `refresh()` may try to overcome: nothing is wrong with the refresh token. Where nobody can sign
 * in anew, that is every end.
 */
function canGoOn(record: SessionRecord, prompt: RefreshPrompt, needsSignIn: boolean): boolean {
  const reason = record.end?.reason
  return prompt.cause === 'explicit' && (!needsSignIn || reason === 'clientRejected' || reason === 'unreachable')
}

/** What failed before we slept, or before the user said "now", may well work now. */
function heedsBackoff(prompt: RefreshPrompt): boolean {
  return prompt.cause === 'due' || prompt.cause === 'rejected'
}

/** Whether a record holds a newer token set that has not expired meanwhile: an expired one is better refreshed. */
export function isWorthAdopting(record: SessionRecord, generation: number, now: number): boolean {
  if (record.generation <= generation || record.status !== 'signedIn') return false
  const expiresAt = record.secrets?.tokenSet.expiresAt
  return expiresAt === undefined || now < expiresAt
}

/**
 * The first token set that is rejected at once is simply replaced. From the second in a row on, each replacement waits
 * for a backoff first; that it has done so shows in the run of failures.
 */
function wouldLoop(record: SessionRecord, prompt: RefreshPrompt): boolean {
  if (prompt.cause !== 'rejected' || !prompt.rejectedSoon || record.generation > prompt.generation) return false
  return record.rejectionStreak > 0 && record.failure?.code !== 'tokenUnusable'
}

/** What to do with a token set that was issued, when the write that should have stored it did not succeed. */
export type LostWriteDecision =
  /** The record holds it after all. */
  | 'stored'
  /**
   * An intent or a cooldown moved, or the rejection of the token we had sent was written: ours counts. So it does where
   * the record is gone that nobody had to sign in for.
   */
  | 'writeAgain'
  /** The same sign-in holds newer tokens: drop ours, and do not revoke it, since that could end theirs. */
  | 'adopt'
  /** Somebody signed out or signed in anew: ours belongs to nobody. */
  | 'revoke'

/** Decides about a token set that was issued but not stored, from what the record says now. */
export function decideAfterLostWrite(
  record: SessionRecord | undefined,
  ours: { revision: string; signInId: string; sentGeneration: number; needsSignIn: boolean },
): LostWriteDecision {
  if (record === undefined) return ours.needsSignIn ? 'revoke' : 'writeAgain'
  if (record.signInId !== ours.signInId || record.status === 'signedOut') return 'revoke'
  if (record.revision === ours.revision) return 'stored'
  if (record.generation <= ours.sentGeneration) return 'writeAgain'
  return record.status === 'signedIn' ? 'adopt' : 'revoke'
}

/** The number of the next token set: above every number ever given out, and above those of a lost store's past. */
export function nextGeneration(
  record: SessionRecord | undefined,
  circumstances: { now: number; floor: number },
): number {
  const reserved = record === undefined ? 0 : Math.max(record.highestReservedGeneration, record.generation)
  return Math.max(reserved + 1, circumstances.floor + 1, Math.floor(circumstances.now))
}

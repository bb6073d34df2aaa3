import type { SessionRecord, TokenSet } from '@authchart/core/store'

/** When the records of tests were written, in milliseconds since the epoch. */
export const recordTime = 1_700_000_000_000

/** A token set that arrived at `recordTime` and lasts for an hour. */
export function createTokenSet(changes: Partial<TokenSet> = {}): TokenSet {
  return {
    accessToken: 'access-1',
    tokenType: 'Bearer',
    receivedAt: recordTime,
    expiresAt: recordTime + 3_600_000,
    refreshToken: 'refresh-1',
    ...changes,
  }
}

/** The record of a session that was just signed in, with a field that this version does not know. */
export function createRecord(changes: Partial<SessionRecord> & Record<string, unknown> = {}): SessionRecord {
  return {
    formatVersion: 1,
    generation: 5,
    highestReservedGeneration: Math.max(5, changes.generation ?? 5),
    revision: 'revision-1',
    signInId: 'sign-in-1',
    status: 'signedIn',
    identity: { issuer: 'https://login.example', clientId: 'app', subject: 'alice' },
    rejectionStreak: 0,
    secrets: { tokenSet: createTokenSet() },
    fieldOfTheFuture: { kept: true },
    ...changes,
  } as SessionRecord
}

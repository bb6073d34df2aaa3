import type { EndReason, TransientCode } from '../errors/codes.ts'
import type { FailureRun, RefreshIntent, SessionIdentity, SessionRecord } from '../store/session-record.ts'
import type { ProofKey } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'

/**
 * Each function here answers one question: what does the record say after this has happened? Fields that it does not
 * know stay as they are. The revision is the caller's, new and random each time.
 */

/**
 * About to send the refresh token of `record`. A key that the next tokens will be bound to is kept from now on: should
 * their answer be lost, they are asked for again with the same one.
 */
export function recordWithIntent(
  record: SessionRecord,
  intent: RefreshIntent & { revision: string; proofKey?: ProofKey | undefined },
): SessionRecord {
  const { revision, proofKey, ...refreshIntent } = intent
  const { secrets } = record
  return {
    ...record,
    revision,
    refreshIntent,
    ...(secrets === undefined || proofKey === undefined ? {} : { secrets: { ...secrets, proofKey } }),
    highestReservedGeneration: Math.max(record.highestReservedGeneration, refreshIntent.reservedGeneration),
  }
}

/** A token set was issued. */
export function recordWithTokens(
  record: SessionRecord,
  issued: {
    revision: string
    generation: number
    tokenSet: TokenSet
    rejectionStreak: number
    subject?: string | undefined
    proofKey?: ProofKey | undefined
  },
): SessionRecord {
  const { refreshIntent, backoffUntil, serverCooldownUntil, failure, end, expiresAt, ...kept } = record
  const { revision, generation, tokenSet, rejectionStreak, subject, proofKey } = issued
  return {
    ...kept,
    revision,
    generation,
    highestReservedGeneration: Math.max(record.highestReservedGeneration, generation),
    status: 'signedIn',
    identity: subject === undefined ? record.identity : { ...record.identity, subject },
    rejectionStreak,
    ...(tokenSet.expiresAt === undefined ? {} : { expiresAt: tokenSet.expiresAt }),
    secrets: { ...record.secrets, tokenSet, ...(proofKey === undefined ? {} : { proofKey }) },
  }
}

/**
 * The session is over. `erase` says which secrets go: the refresh token, all, or none. `keepIntent`: the server may have
 * rotated the refresh token that stays.
 */
export function recordWithEnd(
  record: SessionRecord,
  end: {
    revision: string
    reason: EndReason
    endedAt: number
    serverCode?: string | undefined
    erase: 'refreshToken' | 'all' | 'nothing'
    keepIntent?: boolean | undefined
  },
): SessionRecord {
  const { refreshIntent, backoffUntil, failure, secrets, end: before, ...kept } = record
  const { revision, reason, endedAt, serverCode, erase, keepIntent = false } = end
  const keptIntent = keepIntent ? unknownIntent(refreshIntent) : undefined
  const remaining =
    erase === 'all' || secrets === undefined ? undefined : { ...secrets, tokenSet: { ...secrets.tokenSet } }
  if (erase === 'refreshToken') delete (remaining?.tokenSet as { refreshToken?: string } | undefined)?.refreshToken
  return {
    ...kept,
    revision,
    status: 'ended',
    end: { reason, endedAt, ...(serverCode === undefined ? {} : { serverCode }) },
    ...(keptIntent === undefined ? {} : { refreshIntent: keptIntent }),
    ...(remaining === undefined ? {} : { secrets: remaining }),
  }
}

/** A refresh failed for a reason that passes. `keepIntent`: the server may have rotated nevertheless. */
export function recordWithFailure(
  record: SessionRecord,
  failed: {
    revision: string
    failure: FailureRun
    backoffUntil: number
    serverCooldownUntil?: number | undefined
    keepIntent: boolean
  },
): SessionRecord {
  const { refreshIntent, serverCooldownUntil: before, ...kept } = record
  const { revision, failure, backoffUntil, serverCooldownUntil, keepIntent } = failed
  const keptIntent = keepIntent ? unknownIntent(refreshIntent) : undefined
  return {
    ...kept,
    revision,
    failure,
    backoffUntil,
    ...(serverCooldownUntil === undefined ? {} : { serverCooldownUntil }),
    ...(keptIntent === undefined ? {} : { refreshIntent: keptIntent }),
  }
}

function unknownIntent(intent: RefreshIntent | undefined): RefreshIntent | undefined {
  return intent && { ...intent, outcomeUnknown: true }
}

/** When nobody has tried for this long though somebody might have, in milliseconds, a run of failures is over. */
const idleMilliseconds = 15 * 60 * 1000

/**
 * The run of failures of a record after one more. Time in which nobody tried (an idle session, a device asleep) does
 * not count as failing.
 */
export function nextFailureRun(
  record: Pick<SessionRecord, 'failure' | 'backoffUntil' | 'serverCooldownUntil'>,
  failure: { code: TransientCode; now: number; withoutReason: boolean },
): FailureRun {
  const { code, now, withoutReason } = failure
  const mightHaveTried = Math.max(record.backoffUntil ?? 0, record.serverCooldownUntil ?? 0, record.failure?.since ?? 0)
  const isOver = now - mightHaveTried > idleMilliseconds || now < (record.failure?.since ?? 0)
  const before = isOver ? undefined : record.failure
  return {
    code,
    count: (before?.count ?? 0) + 1,
    since: before?.since ?? now,
    refusalsWithoutReason: withoutReason ? (before?.refusalsWithoutReason ?? 0) + 1 : 0,
  }
}

/** Somebody signed in, over whatever was there. */
export function signedInRecord(
  before: SessionRecord | undefined,
  signIn: {
    formatVersion: number
    revision: string
    signInId: string
    generation: number
    identity: SessionIdentity
    tokenSet: TokenSet
    proofKey?: ProofKey | undefined
  },
): SessionRecord {
  const { refreshIntent, backoffUntil, serverCooldownUntil, failure, end, expiresAt, secrets, ...kept } =
    before ?? ({} as Partial<SessionRecord>)
  const { formatVersion, revision, signInId, generation, identity, tokenSet, proofKey } = signIn
  return {
    ...kept,
    formatVersion,
    revision,
    signInId,
    generation,
    highestReservedGeneration: generation,
    status: 'signedIn',
    identity,
    rejectionStreak: 0,
    ...(tokenSet.expiresAt === undefined ? {} : { expiresAt: tokenSet.expiresAt }),
    secrets: { tokenSet, ...(proofKey === undefined ? {} : { proofKey }) },
  }
}

/**
 * A session that needs no sign-in begins: where there is no record yet, or after somebody signed out. It has no secrets
 * until its first refresh has brought them.
 */
export function begunRecord(
  before: SessionRecord | undefined,
  begin: { formatVersion: number; revision: string; signInId: string; identity: SessionIdentity },
): SessionRecord {
  const { formatVersion, revision, signInId, identity } = begin
  return {
    generation: 0,
    highestReservedGeneration: 0,
    rejectionStreak: 0,
    ...before,
    formatVersion,
    revision,
    signInId,
    identity,
    status: 'signedIn',
  }
}

/** Somebody signed out: a tombstone, without secrets, that a refresh under way loses to. */
export function signedOutRecord(
  before: SessionRecord,
  signOut: { revision: string; generation: number },
): SessionRecord {
  // A server's cooldown stays: it was not for this sign-in alone.
  const { refreshIntent, backoffUntil, failure, end, expiresAt, secrets, ...kept } = before
  const { revision, generation } = signOut
  return {
    ...kept,
    revision,
    generation,
    highestReservedGeneration: generation,
    status: 'signedOut',
    rejectionStreak: 0,
  }
}

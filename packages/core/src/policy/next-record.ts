import type { EndReason, TransientCode } from '../errors/codes.ts'
import {
  type FailureRun,
  type RefreshIntent,
  type RefusalRun,
  recordFormatVersion,
  type SessionIdentity,
  type SessionRecord,
  type SessionSecrets,
} from '../store/session-record.ts'
import type { ProofKey } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'

/**
 * Each function here answers one question: what does the record say after this has happened? Fields that it does not
 * know stay as they are; `undefined` clears one. The revision is the caller's, new and random each time.
 */

type Rejections = SessionRecord['rejections']

/** What belongs to the refreshes of one token set, and is over with it. */
const nothingUnderWay = {
  refreshIntent: undefined,
  backoffUntil: undefined,
  failure: undefined,
  end: undefined,
} as const

/**
 * About to send the refresh token of `record`. A key that the next tokens will be bound to is kept from now on: should
 * their answer be lost, they are asked for again with the same one.
 */
export function recordWithIntent(
  record: SessionRecord,
  intent: RefreshIntent & { revision: string; proofKey?: ProofKey; rejections?: Rejections },
): SessionRecord {
  const { revision, proofKey, rejections, ...refreshIntent } = intent
  const { secrets } = record
  return {
    ...record,
    revision,
    refreshIntent,
    rejections: rejections ?? record.rejections,
    secrets: secrets && proofKey ? { ...secrets, proofKey } : secrets,
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
    subject?: string
    proofKey?: ProofKey
  },
): SessionRecord {
  const { revision, generation, tokenSet, rejectionStreak, subject, proofKey } = issued
  return {
    ...record,
    ...nothingUnderWay,
    refusals: undefined,
    serverCooldownUntil: undefined,
    revision,
    generation,
    highestReservedGeneration: Math.max(record.highestReservedGeneration, generation),
    status: 'signedIn',
    identity: subject === undefined ? record.identity : { ...record.identity, subject },
    rejectionStreak,
    expiresAt: tokenSet.expiresAt,
    secrets: { ...record.secrets, tokenSet, proofKey: proofKey ?? record.secrets?.proofKey },
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
    serverCode?: string
    erase: 'refreshToken' | 'all' | 'nothing'
    keepIntent?: boolean
    refusals?: RefusalRun
  },
): SessionRecord {
  const { revision, reason, endedAt, serverCode, erase, keepIntent = false, refusals } = end
  return {
    ...record,
    ...nothingUnderWay,
    revision,
    status: 'ended',
    end: { reason, endedAt, serverCode },
    refusals: refusals ?? record.refusals,
    refreshIntent: keepIntent ? unknownIntent(record.refreshIntent) : undefined,
    secrets: remainingSecrets(record.secrets, erase),
  }
}

function remainingSecrets(
  secrets: SessionSecrets | undefined,
  erase: 'refreshToken' | 'all' | 'nothing',
): SessionSecrets | undefined {
  if (secrets === undefined || erase === 'all') return undefined
  return erase === 'nothing' ? secrets : { ...secrets, tokenSet: { ...secrets.tokenSet, refreshToken: undefined } }
}

/** A refresh failed for a reason that passes. `keepIntent`: the server may have rotated nevertheless. */
export function recordWithFailure(
  record: SessionRecord,
  failed: {
    revision: string
    failure: FailureRun
    backoffUntil: number
    serverCooldownUntil?: number
    keepIntent: boolean
    refusals?: RefusalRun
  },
): SessionRecord {
  const { revision, failure, backoffUntil, serverCooldownUntil, keepIntent, refusals } = failed
  return {
    ...record,
    revision,
    failure,
    backoffUntil,
    serverCooldownUntil,
    refusals: refusals ?? record.refusals,
    // A doubt that another holder has written back meanwhile is not for us to clear.
    refreshIntent: keepIntent || record.refreshIntent?.outcomeUnknown ? unknownIntent(record.refreshIntent) : undefined,
  }
}

function unknownIntent(intent: RefreshIntent | undefined): RefreshIntent | undefined {
  return intent && { ...intent, outcomeUnknown: true }
}

/** When nothing was tried for this long though it might have been, in milliseconds, a run of failures is over. */
const idleMilliseconds = 15 * 60 * 1000

/**
 * The run of failures of a record after one more. Time without a try (an idle session, a device asleep) does not count
 * as failing.
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

/**
 * What a holder has known goes over an older record of the same sign-in. The next request counts as one whose outcome is
 * unknown: what is known may be old as well. Nothing is sent until then, in milliseconds since the epoch.
 */
export function recordWrittenBack(
  known: SessionRecord,
  record: SessionRecord,
  writing: { revision: string; holder: string; now: number; settledAt: number },
): SessionRecord {
  const { revision, holder, now, settledAt } = writing
  const { generation, status } = known
  const highestReservedGeneration = Math.max(known.highestReservedGeneration, record.highestReservedGeneration)
  const unknownOutcome = {
    generation,
    reservedGeneration: highestReservedGeneration,
    startedAt: now,
    holder,
    outcomeUnknown: true,
  }
  return {
    ...known,
    revision,
    highestReservedGeneration,
    refreshIntent: status === 'signedIn' ? unknownOutcome : undefined,
    // So that a caller who waits until then is told why.
    failure: { code: 'storeUnavailable', count: 1, since: now, refusalsWithoutReason: 0 },
    serverCooldownUntil: settledAt,
  }
}

/** A user signed in, over the record that was there. */
export function signedInRecord(
  before: SessionRecord | undefined,
  signIn: {
    revision: string
    signInId: string
    generation: number
    identity: SessionIdentity
    tokenSet: TokenSet
    proofKey?: ProofKey
  },
): SessionRecord {
  const { revision, signInId, generation, identity, tokenSet, proofKey } = signIn
  return {
    ...before,
    ...nothingUnderWay,
    refusals: undefined,
    serverCooldownUntil: undefined,
    rejections: undefined,
    formatVersion: recordFormatVersion,
    revision,
    signInId,
    generation,
    highestReservedGeneration: generation,
    status: 'signedIn',
    identity,
    rejectionStreak: 0,
    expiresAt: tokenSet.expiresAt,
    secrets: { tokenSet, proofKey },
  }
}

/**
 * A session whose grant signs in by itself begins: where there is no record yet, or after a sign-out. It has no secrets
 * until its first token comes.
 */
export function begunRecord(
  before: SessionRecord | undefined,
  begin: { revision: string; signInId: string; identity: SessionIdentity },
): SessionRecord {
  return {
    generation: 0,
    highestReservedGeneration: 0,
    rejectionStreak: 0,
    ...before,
    ...begin,
    formatVersion: recordFormatVersion,
    status: 'signedIn',
  }
}

/** The user signed out: a tombstone, without secrets, that a refresh under way loses to. */
export function signedOutRecord(
  before: SessionRecord,
  signOut: { revision: string; generation: number },
): SessionRecord {
  const { revision, generation } = signOut
  return {
    ...before,
    ...nothingUnderWay,
    // A server's cooldown stays: it was not for this sign-in alone.
    refusals: undefined,
    rejections: undefined,
    expiresAt: undefined,
    secrets: undefined,
    revision,
    generation,
    highestReservedGeneration: generation,
    status: 'signedOut',
    rejectionStreak: 0,
  }
}

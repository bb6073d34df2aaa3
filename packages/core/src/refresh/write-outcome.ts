import { wait } from '../clock/wait.ts'
import type { EndReason } from '../errors/codes.ts'
import { backoffDelay } from '../policy/backoff.ts'
import { decideAfterLostWrite, isOutdated } from '../policy/choose-record.ts'
import type { TransientVerdict } from '../policy/classify-token-endpoint.ts'
import { decideRefusal, isRefusedWithoutReason } from '../policy/decide-refusal.ts'
import { isUnusableOnArrival } from '../policy/expiry.ts'
import { canRevokeReplaced } from '../policy/identities.ts'
import { nextFailureRun, recordWithEnd, recordWithFailure, recordWithTokens } from '../policy/next-record.ts'
import type { FailureRun, RefusalRun, SessionRecord } from '../store/session-record.ts'
import type { ProofKey } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'
import { failLocally, type Refresh, type RefreshFailure, type RefreshHolder, type RefreshOutcome } from './holder.ts'
import { readRecord, writeRecord } from './store-access.ts'
import { longestStorePauseMilliseconds, outcomePatienceMilliseconds, storeKeepAliveMilliseconds } from './timing.ts'

/** The record that a refresh works on, as the store has it: without a revision where there is none yet. */
export interface RefreshedRecord {
  readonly record: SessionRecord
  readonly expectedRevision: string | undefined
}

/** A token set that was issued for a record, on its way into the store. */
export interface IssuedTokens {
  readonly tokenSet: TokenSet
  readonly generation: number
  readonly subject?: string
  /** The key that they are bound to. */
  readonly proofKey?: ProofKey
  /** Only the refresh token is new: the next try is for an access token. */
  readonly rotatedOnly?: boolean
}

/** Why a session ends, and which secrets go with it. */
export interface RefreshEnd {
  readonly reason: EndReason
  readonly serverCode?: string
  readonly erase: 'refreshToken' | 'all' | 'nothing'
  /** A request with the refresh token that is kept was once left without an answer: the intent stays. */
  readonly keepIntent?: boolean
  /** The refusals that it took. */
  readonly refusals?: RefusalRun
}

/**
 * Stores a token set that was issued. The old refresh token is spent, so giving up would lose the session: while the
 * store is down the set is served from memory and the lease is kept, and storing is tried until it succeeds or another
 * holder has moved the session on.
 */
export async function storeIssued(
  from: RefreshedRecord,
  issued: IssuedTokens,
  refresh: Refresh,
): Promise<RefreshOutcome> {
  const { holder } = refresh
  const random = holder.options.random()
  const now = issued.rotatedOnly === true ? holder.clock.now() : issued.tokenSet.receivedAt
  const result = await writeUntilStored(from, refresh, {
    tokens: true,
    patienceMilliseconds: Infinity,
    build: (current, revision) => buildIssued(current, issued, { revision, random, now }),
    onTrouble: (next) => refresh.report({ type: 'tokens.unstored', record: next }),
  })
  if (result.kind === 'stored') return { kind: 'refreshed', record: result.record }
  if (result.kind === 'unstored') return failLocally('storeUnavailable', holder)
  if (result.drop && belongsToNoSession(from.record, result.record)) holder.revoke(issued.tokenSet)
  return follow(result.record, refresh)
}

/** Whether ours can be revoked: no session is signed in any more, or another user's is. */
function belongsToNoSession(before: SessionRecord, theirs: SessionRecord | undefined): boolean {
  return theirs?.status !== 'signedIn' || canRevokeReplaced(before.identity, theirs.identity)
}

function buildIssued(
  current: SessionRecord,
  issued: IssuedTokens,
  { revision, random, now }: { revision: string; random: number; now: number },
): SessionRecord {
  const isUnusable = issued.rotatedOnly === true || isUnusableOnArrival(issued.tokenSet)
  const rejectionStreak = isUnusable ? current.rejectionStreak + 1 : 0
  const next = recordWithTokens(current, { ...issued, revision, rejectionStreak })
  if (!isUnusable) return next
  return {
    ...next,
    failure: { code: 'tokenUnusable', count: rejectionStreak, since: now, refusalsWithoutReason: 0 },
    backoffUntil: now + backoffDelay(rejectionStreak, random),
  }
}

/** Writes that the session is over, unless another holder has moved it on meanwhile. */
export function storeEnd(from: RefreshedRecord, end: RefreshEnd, refresh: Refresh): Promise<RefreshOutcome> {
  const endedAt = refresh.holder.clock.now()
  return writeOutcome(from, refresh, {
    build: (current, revision) => recordWithEnd(current, { ...end, revision, endedAt }),
    describe: (record, stored) => ({ kind: 'ended', record, stored }),
  })
}

/** Writes a backoff, the run of failures and a server's cooldown; or the end, where the app's patience is over. */
export function storeFailure(
  from: RefreshedRecord,
  failed: { verdict: TransientVerdict; keepIntent: boolean },
  refresh: Refresh,
): Promise<RefreshOutcome> {
  const { holder } = refresh
  const { verdict, keepIntent } = failed
  const { code, refusal, retryAt, serverCode, serverWords } = verdict
  const now = holder.clock.now()
  const failure = nextFailureRun(from.record, { code, now, withoutReason: code === 'refused' && refusal === undefined })
  const limit = holder.options.giveUpAfterMilliseconds ?? Infinity
  if (now - failure.since > limit) {
    return storeEnd(from, { reason: 'unreachable', erase: 'nothing', keepIntent }, refresh)
  }
  const refused = refusal && decideRefusal(from.record.refusals, refusal, now)
  const refusals = refused?.refusals
  if (refused?.ends) {
    return storeEnd(from, { reason: 'requestRejected', serverCode, erase: 'nothing', keepIntent, refusals }, refresh)
  }
  const delay = backoffDelay(failure.count, holder.options.random(), now - failure.since)
  // A try is made as soon as the app's patience is over.
  const backoffUntil = Math.min(now + delay, failure.since + limit + 1)
  return writeOutcome(from, refresh, {
    build: (current, revision) =>
      recordWithFailure(current, {
        revision,
        failure,
        backoffUntil,
        serverCooldownUntil: retryAt,
        keepIntent,
        refusals,
      }),
    describe: (next) => ({ ...describeFailure(next, failure, now), serverWords, mayBeOver: refused?.mayBeOver }),
  })
}

function describeFailure(record: SessionRecord, failure: FailureRun, now: number): RefreshFailure {
  const { backoffUntil = 0, serverCooldownUntil = 0 } = record
  return {
    kind: 'failed',
    code: failure.code,
    retryAt: Math.max(backoffUntil, serverCooldownUntil),
    serverAsked: serverCooldownUntil > now && serverCooldownUntil >= backoffUntil,
    refusedWithoutReason: isRefusedWithoutReason(failure, now),
  }
}

/**
 * Writes an outcome that is not a token set. Should the store be in trouble, the holder is told at once, and the lease
 * is kept while the write is tried again: the next holder would send a refresh token that was answered, or disregard a
 * cooldown.
 */
async function writeOutcome(
  from: RefreshedRecord,
  refresh: Refresh,
  outcome: {
    build(current: SessionRecord, revision: string): SessionRecord
    describe(next: SessionRecord, stored: boolean): RefreshOutcome
  },
): Promise<RefreshOutcome> {
  const { build, describe } = outcome
  const result = await writeUntilStored(from, refresh, {
    tokens: false,
    patienceMilliseconds: outcomePatienceMilliseconds,
    build,
    onTrouble: (next) => refresh.report({ type: 'outcome.unwritten', outcome: describe(next, false) }),
  })
  if (result.kind === 'movedOn') return follow(result.record, refresh)
  return describe(result.record, result.kind === 'stored')
}

/** Takes over what another holder has made of the session. Their tokens may have expired meanwhile: the chart judges. */
export function follow(record: SessionRecord | undefined, { holder, prompt }: Refresh): RefreshOutcome {
  if (record?.status !== 'signedIn') return { kind: 'followed', record }
  if (record.generation > prompt.generation) return { kind: 'adopted', record }
  // Still the session that we could not refresh: its outcome is as unclear as before.
  return failLocally('unknownOutcome', holder)
}

/** How often in a row another holder's write may come between before there is a pause. */
const mostRaces = 20

interface PersistentWrite {
  /** Whether the outcome is a token set. */
  readonly tokens: boolean
  /** For how long to go on trying, in milliseconds. */
  readonly patienceMilliseconds: number
  /** What the record is to say, given what it says now. Every try has the same revision, so as to be known again. */
  build(current: SessionRecord, revision: string): SessionRecord
  /** The store is in trouble; said once. */
  onTrouble(next: SessionRecord): void
}

/** What became of a write that matters. */
type PersistentWriteResult =
  | { readonly kind: 'stored'; readonly record: SessionRecord }
  /** Something else is there; `drop`: ours belongs to no session. */
  | { readonly kind: 'movedOn'; readonly record: SessionRecord | undefined; readonly drop: boolean }
  /** The holder goes away, its patience is over, or a newer version of the library has taken over the record. */
  | { readonly kind: 'unstored'; readonly record: SessionRecord }

/**
 * Writes what a token request came to, under the lease, until it is stored: an answer that the store does not know of
 * would be asked for again, and a refresh token must not be sent twice.
 */
async function writeUntilStored(
  from: RefreshedRecord,
  { holder }: Refresh,
  write: PersistentWrite,
): Promise<PersistentWriteResult> {
  const { clock } = holder
  const began = clock.now()
  const revision = holder.createId()
  const { signInId, generation: sentGeneration, status } = from.record
  const wasEnded = status === 'ended'
  const ours = { revision, signInId, sentGeneration, tokens: write.tokens, wasEnded, signsIn: signsIn(holder) }
  let { record: current, expectedRevision } = from
  let races = 0
  for (let failures = 0; ; ) {
    const next = write.build(current, revision)
    const written = await writeRecord(holder, expectedRevision, next)
    if (written.ok && written.value) return { kind: 'stored', record: next }

    // A write that failed may have been made nevertheless, so that is asked as well.
    const read = await readRecord(holder)
    if (read.ok) {
      const decision = decideAfterLostWrite(read.value, { ...ours, expectedRevision })
      if (decision === 'stored') return { kind: 'stored', record: read.value ?? next }
      if (decision !== 'writeAgain') return { kind: 'movedOn', record: read.value, drop: decision === 'drop' }
      const hasChanged = read.value?.revision !== expectedRevision
      // What is older than what was sent went back in time: the outcome goes over that as well.
      if (read.value !== undefined && !isOutdated(read.value, from.record)) current = read.value
      expectedRevision = read.value?.revision
      races += 1
      // Another holder's write came between. A store that refuses without a change is in trouble.
      if (written.ok && hasChanged && races < mostRaces) continue
    }
    if (failures === 0) write.onTrouble(next)
    failures += 1
    const isTakenOver = !read.ok && read.error.code === 'recordFromNewerVersion'
    if (isTakenOver || clock.now() - began >= write.patienceMilliseconds) return { kind: 'unstored', record: next }
    if (await pauseBeforeNextTry(holder, failures, clock.now() - began)) return { kind: 'unstored', record: next }
  }
}

/** Returns whether the holder went away meanwhile. */
async function pauseBeforeNextTry(holder: RefreshHolder, failures: number, elapsed: number): Promise<boolean> {
  const pause = Math.min(backoffDelay(failures, holder.options.random()), longestStorePauseMilliseconds)
  const keepAlive = elapsed < storeKeepAliveMilliseconds
  return (await wait(holder.clock, pause, { signal: holder.abandonment, keepAlive })) === 'aborted'
}

function signsIn({ grant }: RefreshHolder): boolean {
  return grant.signIn !== undefined
}

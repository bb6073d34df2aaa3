import type { EndReason, TransientCode } from '../errors/codes.ts'
import { backoffDelay } from '../policy/backoff.ts'
import type { RefreshPrompt } from '../policy/choose-record.ts'
import type { TokenEndpointVerdict } from '../policy/classify-token-endpoint.ts'
import { nextFailureRun, recordWithEnd, recordWithFailure } from '../policy/next-record.ts'
import type { FailureRun, SessionRecord } from '../store/session-record.ts'
import { needsSignIn } from '../token/grant.ts'
import { failLocally } from './fail-locally.ts'
import type { RefreshHolder, RefreshOutcome } from './refresh-holder.ts'
import { outcomePatienceMilliseconds } from './refresh-timing.ts'
import type { StoreAccess } from './store-access.ts'
import { writeUntilStored } from './write-until-stored.ts'

/** Why a session ends, and which secrets go with it. */
export interface RefreshEnd {
  readonly reason: EndReason
  readonly serverCode?: string | undefined
  readonly erase: 'refreshToken' | 'all' | 'nothing'
  /** A request with the refresh token that is kept was once left without an answer: the intent stays. */
  readonly keepIntent?: boolean
}

interface OutcomeContext {
  readonly holder: RefreshHolder
  readonly store: StoreAccess
  readonly prompt: RefreshPrompt
}

/** Writes that the session is over, unless somebody else has moved it on meanwhile. */
export async function storeEnd(
  record: SessionRecord,
  end: RefreshEnd,
  context: OutcomeContext,
): Promise<RefreshOutcome> {
  const { holder } = context
  const endedAt = holder.clock.now()
  const revision = holder.createId()
  const describe = (next: SessionRecord, stored: boolean): RefreshOutcome => ({ kind: 'ended', record: next, stored })
  return writeOutcome(record, context, {
    revision,
    build: (current) => recordWithEnd(current, { ...end, revision, endedAt }),
    describe,
  })
}

/** Writes a backoff, the run of failures and a server's cooldown; or the end, where the app's patience is over. */
export async function storeFailure(
  record: SessionRecord,
  failed: { verdict: Extract<TokenEndpointVerdict, { kind: 'transient' }>; keepIntent: boolean; delay?: number },
  context: OutcomeContext,
): Promise<RefreshOutcome> {
  const { holder } = context
  const { verdict, keepIntent, delay } = failed
  const { code, refusal, retryAt } = verdict
  const now = holder.clock.now()
  const random = holder.random()
  const failure = nextFailureRun(record, { code, now, withoutReason: code === 'refused' && refusal === undefined })
  if (isPatienceOver(failure, now, holder)) {
    return storeEnd(record, { reason: 'unreachable', erase: 'nothing', keepIntent }, context)
  }
  const revision = holder.createId()
  const backoffUntil = now + (delay ?? cappedDelay(failure, { random, now, holder }))
  return writeOutcome(record, context, {
    revision,
    build: (current) =>
      recordWithFailure(current, { revision, failure, backoffUntil, serverCooldownUntil: retryAt, keepIntent }),
    describe: (next) => describeFailure(next, { code, now }),
  })
}

/**
 * Writes an outcome. Should the store be in trouble, the chart is told at once, and the lease is kept while the write
 * is tried again: whoever came next would send a refresh token that was answered, or disregard a cooldown.
 */
async function writeOutcome(
  record: SessionRecord,
  context: OutcomeContext,
  outcome: {
    revision: string
    build(current: SessionRecord): SessionRecord
    describe(next: SessionRecord, stored: boolean): RefreshOutcome
  },
): Promise<RefreshOutcome> {
  const { holder, prompt } = context
  const { revision, build, describe } = outcome
  const result = await writeUntilStored(
    record,
    {
      build,
      judge: (theirs) =>
        theirs?.revision === revision ? 'stored' : hasMovedOn(theirs, record, holder) ? 'movedOn' : 'writeAgain',
      onTrouble: (next) => holder.report({ type: 'outcome.unwritten', outcome: describe(next, false) }),
      patienceMilliseconds: outcomePatienceMilliseconds,
    },
    context,
  )
  if (result.kind === 'movedOn') return follow(result.record, { holder, prompt })
  return describe(result.record, result.kind === 'stored')
}

/**
 * Takes over what somebody else has made of the session. Their tokens may have expired meanwhile: the chart will judge.
 */
export function follow(
  record: SessionRecord | undefined,
  context: { holder: RefreshHolder; prompt: RefreshPrompt },
): RefreshOutcome {
  const { holder, prompt } = context
  if (record === undefined && !needsSignIn(holder.grant)) return failLocally('unknownOutcome', holder)
  if (record?.status !== 'signedIn') return { kind: 'followed', record }
  if (record.generation > prompt.generation) return { kind: 'adopted', record }
  // Still the session that we could not refresh: its outcome is no clearer than before.
  return failLocally('unknownOutcome', holder)
}

/** A record that nobody had to sign in for, and that is gone, is written again. */
function hasMovedOn(theirs: SessionRecord | undefined, ours: SessionRecord, { grant }: RefreshHolder): boolean {
  if (theirs === undefined) return needsSignIn(grant)
  return (
    theirs.signInId !== ours.signInId ||
    theirs.generation > ours.generation ||
    (theirs.status !== 'signedIn' && theirs.status !== ours.status)
  )
}

function isPatienceOver(failure: FailureRun, now: number, holder: RefreshHolder): boolean {
  const limit = holder.giveUpAfterMilliseconds
  return limit !== undefined && now - failure.since > limit
}

/** The backoff, shortened so that a try is made as soon as the app's patience is over. */
function cappedDelay(failure: FailureRun, context: { random: number; now: number; holder: RefreshHolder }): number {
  const { random, now, holder } = context
  const delay = backoffDelay(failure.count, random)
  const limit = holder.giveUpAfterMilliseconds
  return limit === undefined ? delay : Math.min(delay, failure.since + limit + 1 - now)
}

const patienceOfServersMilliseconds = 60 * 60 * 1000
const refusalsBeforeNotice = 5

function describeFailure(record: SessionRecord, failed: { code: TransientCode; now: number }): RefreshOutcome {
  const { failure, backoffUntil = 0, serverCooldownUntil = 0 } = record
  return {
    kind: 'failed',
    code: failed.code,
    retryAt: Math.max(backoffUntil, serverCooldownUntil),
    serverAsked: serverCooldownUntil > failed.now && serverCooldownUntil >= backoffUntil,
    refusedWithoutReason:
      failure !== undefined &&
      failure.refusalsWithoutReason >= refusalsBeforeNotice &&
      failed.now - failure.since >= patienceOfServersMilliseconds,
    record,
  }
}

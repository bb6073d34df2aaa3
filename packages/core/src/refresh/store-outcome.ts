import type { EndReason, TransientCode } from '../errors/codes.ts'
import { backoffDelay } from '../policy/backoff.ts'
import type { RefreshPrompt } from '../policy/choose-record.ts'
import type { TokenEndpointVerdict } from '../policy/classify-token-endpoint.ts'
import { nextFailureRun, recordWithEnd, recordWithFailure } from '../policy/next-record.ts'
import type { FailureRun, SessionRecord } from '../store/session-record.ts'
import { failLocally } from './fail-locally.ts'
import type { RefreshHolder, RefreshOutcome } from './refresh-holder.ts'
import type { StoreAccess } from './store-access.ts'

/** How often a small write is tried again because a neighbour's sign-in or cooldown came between. */
const writeAttempts = 5

/** Why a session ends, and which secrets go with it. */
export interface RefreshEnd {
  readonly reason: EndReason
  readonly serverCode?: string | undefined
  readonly erase: 'refreshToken' | 'all' | 'nothing'
  /** A request with the refresh token that is kept was once left without an answer: the intent stays. */
  readonly keepIntent?: boolean
}

/** Writes that the session is over, unless somebody else has moved it on meanwhile. */
export async function storeEnd(
  record: SessionRecord,
  end: RefreshEnd,
  context: { holder: RefreshHolder; store: StoreAccess; prompt: RefreshPrompt },
): Promise<RefreshOutcome> {
  const { holder, store, prompt } = context
  const endedAt = holder.clock.now()
  let current = record
  for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
    const next = recordWithEnd(current, { ...end, revision: holder.createId(), endedAt })
    const written = await store.compareAndSet(current.revision, next)
    if (written.ok && written.value) return { kind: 'ended', record: next, stored: true }
    const theirs = await store.read()
    if (!theirs.ok) break
    // A write that failed may have been made nevertheless.
    if (theirs.value?.revision === next.revision) return { kind: 'ended', record: next, stored: true }
    if (hasMovedOn(theirs.value, record)) return follow(theirs.value, { holder, prompt })
    if (!written.ok) break
    if (theirs.value !== undefined) current = theirs.value
  }
  const unstored = recordWithEnd(current, { ...end, revision: current.revision, endedAt })
  return { kind: 'ended', record: unstored, stored: false }
}

/** Writes a backoff, the run of failures and a server's cooldown; or the end, where the app's patience is over. */
export async function storeFailure(
  record: SessionRecord,
  failed: { verdict: Extract<TokenEndpointVerdict, { kind: 'transient' }>; keepIntent: boolean; delay?: number },
  context: { holder: RefreshHolder; store: StoreAccess; prompt: RefreshPrompt },
): Promise<RefreshOutcome> {
  const { holder, store, prompt } = context
  const { verdict, keepIntent } = failed
  const now = holder.clock.now()
  const random = holder.random()
  let current = record
  for (let attempt = 0; ; attempt += 1) {
    const failure = nextFailureRun(current.failure, {
      code: verdict.code,
      now,
      withoutReason: verdict.withoutReason === true,
    })
    if (isPatienceOver(failure, now, holder)) {
      return storeEnd(current, { reason: 'unreachable', erase: 'nothing', keepIntent }, context)
    }
    const backoffUntil = now + (failed.delay ?? cappedDelay(failure, { random, now, holder }))
    const next = recordWithFailure(current, {
      revision: holder.createId(),
      failure,
      backoffUntil,
      serverCooldownUntil: verdict.retryAt,
      keepIntent,
    })
    const outcome = describeOutcome(next, { code: verdict.code, now })
    const written = await store.compareAndSet(current.revision, next)
    if (written.ok && written.value) return outcome
    const theirs = written.ok && attempt < writeAttempts ? await store.read() : undefined
    // The store is down as well: the failure stands, and this holder at least will keep to it.
    if (theirs === undefined || !theirs.ok || theirs.value === undefined) return outcome
    if (hasMovedOn(theirs.value, record)) return follow(theirs.value, { holder, prompt })
    current = theirs.value
  }
}

/**
 * Takes over what somebody else has made of the session. Their tokens may have expired meanwhile: the chart will judge.
 */
export function follow(
  record: SessionRecord | undefined,
  context: { holder: RefreshHolder; prompt: RefreshPrompt },
): RefreshOutcome {
  const { holder, prompt } = context
  if (record?.status !== 'signedIn') return { kind: 'followed', record }
  if (record.generation > prompt.generation) return { kind: 'adopted', record }
  // Still the session that we could not refresh: its outcome is no clearer than before.
  return failLocally('unknownOutcome', holder)
}

function hasMovedOn(theirs: SessionRecord | undefined, ours: SessionRecord): boolean {
  return (
    theirs === undefined ||
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

function describeOutcome(record: SessionRecord, failed: { code: TransientCode; now: number }): RefreshOutcome {
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

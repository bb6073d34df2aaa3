import { decideAfterReread, nextGeneration } from '../policy/choose-record.ts'
import { begunRecord } from '../policy/next-record.ts'
import { withoutRuns } from '../policy/rejections.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { Lease } from '../store/session-store.ts'
import { failOffline } from './fail-offline.ts'
import { failLocally, type Refresh, type RefreshHolder, type RefreshOutcome } from './holder.ts'
import { isLost } from './lease.ts'
import { requestSignIn } from './request-tokens.ts'
import { settle } from './settle.ts'
import { readRecord, storeFailureCode } from './store-access.ts'
import { type RefreshedRecord, storeEnd, storeFailure, storeIssued } from './write-outcome.ts'

/**
 * The procedure for a grant that signs in by itself (client credentials): under the same lease and after the same
 * re-read, but without an intent and a replay, since there is no refresh token that could be spent twice.
 *
 * Until the first token the record may hold nothing but a cooldown, a backoff or an end; no other code reads that case.
 *
 * @see RFC 6749, section 4.4
 */
export async function signInUnderLease(refresh: Refresh, lease: Lease): Promise<RefreshOutcome | 'leaseLost'> {
  const { holder, prompt, interest } = refresh
  const read = await readRecord(holder)
  if (!read.ok) return failLocally(storeFailureCode(read.error), holder)
  const circumstances = { now: holder.clock.now(), needsRefreshToken: false, signsIn: true }
  const decision = read.value && decideAfterReread(read.value, prompt, circumstances)
  holder.debug({ type: 'decision', decision: decision?.kind ?? 'request', generation: prompt.generation })
  if (read.value !== undefined && decision !== undefined && decision.kind !== 'request') {
    return settle(decision, read.value, refresh)
  }
  const offline = await failOffline(holder)
  if (offline !== undefined) return offline
  if (interest.aborted) return { kind: 'cancelled' }
  if (isLost(lease)) return 'leaseLost'

  const from = beginRecord(read.value, decision?.kind === 'request' ? decision.rejections : undefined, holder)
  refresh.report({ type: 'intent.written', signInId: from.record.signInId })
  const result = await requestSignIn(from.record, holder, lease)
  switch (result.kind) {
    case 'issued': {
      refresh.report({ type: 'tokens.issued' })
      const generation = nextGeneration(from.record, { now: circumstances.now, floor: holder.highestGeneration })
      return storeIssued(from, { ...result, generation }, refresh)
    }
    case 'refused': {
      const { reason, serverCode } = result.verdict
      return storeEnd(from, { reason, serverCode, erase: 'nothing' }, refresh)
    }
    case 'transient':
      return storeFailure(from, { verdict: result.verdict, keepIntent: false }, refresh)
    case 'leaseLost':
      return 'leaseLost'
    case 'moved':
      return failLocally('unknownOutcome', holder)
  }
}

/** The record that the tokens are for: the one there is, or the begin of one. */
function beginRecord(
  record: SessionRecord | undefined,
  rejections: SessionRecord['rejections'],
  holder: RefreshHolder,
): RefreshedRecord {
  if (record !== undefined && record.status !== 'signedOut') {
    const runs = withoutRuns(rejections ?? record.rejections, holder.endedRuns)
    return { record: { ...record, rejections: runs }, expectedRevision: record.revision }
  }
  const { issuer, clientId } = holder.grant.identity
  const begin = { revision: holder.createId(), signInId: holder.createId(), identity: { issuer, clientId } }
  return { record: begunRecord(record, begin), expectedRevision: record?.revision }
}

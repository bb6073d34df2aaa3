import { timeoutSignal, wait } from '../clock/wait.ts'
import {
  applyFailureOverride,
  classifyTokenEndpointFailure,
  describeFailure,
  type EndedVerdict,
  type TokenEndpointVerdict,
  type TransientVerdict,
} from '../policy/classify-token-endpoint.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { Lease } from '../store/session-store.ts'
import { type ClassifyFailure, type FailureOverride, readFailureOverride } from '../token/failure-facts.ts'
import type { GrantOutcome, GrantRequest, IdTokenVerdict, TokenEndpointFailure } from '../token/grant.ts'
import { normalizeTokenSet } from '../token/normalize-token-set.ts'
import { isProofKey, type ProofKey } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'
import { untilAborted } from '../token/until-aborted.ts'
import type { RefreshHolder } from './holder.ts'
import { isLost } from './lease.ts'
import { readRecord } from './store-access.ts'
import {
  grantAnswerMilliseconds,
  replayDelayMilliseconds,
  replaySpreadMilliseconds,
  tokenRequestMilliseconds,
} from './timing.ts'

/** What came of spending the refresh token of a record once, or twice where the first answer was lost. */
export type RequestResult =
  | {
      readonly kind: 'issued'
      readonly tokenSet: TokenSet
      readonly idToken?: IdTokenVerdict
      /** The key that the tokens are bound to. */
      readonly proofKey?: ProofKey
      /** The server gave a new refresh token and no access token that can be sent: this is the one before. */
      readonly rotatedOnly?: boolean
    }
  | {
      readonly kind: 'refused'
      readonly verdict: Extract<TokenEndpointVerdict, { kind: 'ended' }>
      /** A request with this refresh token was once left without an answer. */
      readonly wasUnknown: boolean
    }
  | {
      readonly kind: 'transient'
      readonly verdict: Extract<TokenEndpointVerdict, { kind: 'transient' }>
      /** The server may have rotated nevertheless: the intent stays. */
      readonly keepIntent: boolean
    }
  /** While we waited to send it again, the record moved on. */
  | { readonly kind: 'moved' }
  /** The lease was lost before anything was sent. */
  | { readonly kind: 'leaseLost' }

/**
 * Sends the refresh token of a record whose intent is written. Where the connection ends without a readable answer,
 * waits a moment and sends the same token once more: a server that grants a grace answers the second time, and one
 * that does not has ended the session already.
 */
export async function requestTokens(
  intended: SessionRecord,
  holder: RefreshHolder,
  { lease, outcomeUnknown }: { lease: Lease; outcomeUnknown: boolean },
): Promise<RequestResult> {
  const first = isLost(lease) ? leaseLost : await requestOnce(intended, holder, lease)
  if (first.kind !== 'unknown') return conclude(first, outcomeUnknown)
  const delay = replayDelayMilliseconds + holder.options.random() * replaySpreadMilliseconds
  // A request that began with an unknown outcome was itself the one replay; and a server's patience is not ours to cut.
  if (outcomeUnknown || (first.retryAt ?? 0) > holder.clock.now() + delay) return conclude(first, true)

  const signal = AbortSignal.any([lease.lost, holder.abandonment])
  if ((await wait(holder.clock, delay, { signal, keepAlive: true })) === 'aborted') return conclude(first, true)
  const now = await readRecord(holder)
  if (!now.ok || isLost(lease)) return conclude(first, true)
  if (now.value?.revision !== intended.revision) return { kind: 'moved' }

  holder.debug({ type: 'decision', decision: 'replay', generation: intended.generation })
  const second = await requestOnce(intended, holder, lease)
  return conclude(second.kind === 'leaseLost' ? first : second, true)
}

/** The token request of a grant that signs in by itself: there is no refresh token that could be lost, nor a replay. */
export async function requestSignIn(
  record: SessionRecord,
  holder: RefreshHolder,
  lease: Lease,
): Promise<RequestResult> {
  return conclude(await requestOnce(record, holder, lease), false)
}

type OneRequest = Extract<RequestResult, { kind: 'issued' | 'leaseLost' }> | TokenEndpointVerdict

const leaseLost = { kind: 'leaseLost' } as const

async function requestOnce(record: SessionRecord, holder: RefreshHolder, lease: Lease): Promise<OneRequest> {
  let isRefused = false
  const mayStillBeSent = () => {
    isRefused ||= isLost(lease)
    return !isRefused
  }
  const answer = await callGrant(record, holder, mayStillBeSent)
  const result: OneRequest = isRefused ? leaseLost : answer
  const {
    kind: decision,
    code,
    reason,
    retryAt,
  } = result as { kind: string } & Partial<TransientVerdict & EndedVerdict>
  holder.debug({ type: 'decision', decision, generation: record.generation, code: code ?? reason, retryAt })
  return result
}

async function callGrant(
  record: SessionRecord,
  holder: RefreshHolder,
  mayStillBeSent: () => boolean,
): Promise<OneRequest> {
  const { clock, grant, abandonment } = holder
  // Callers may be gone; the request is not theirs. It ends only when it has been open too long or the holder goes.
  const options = { signal: abandonment, keepAlive: true, lastMilliseconds: grantAnswerMilliseconds }
  const timeout = timeoutSignal(clock, tokenRequestMilliseconds, options)
  // A grant that heeds its signal tells what it knows; one that does not is waited for hardly longer.
  const patience = timeoutSignal(clock, tokenRequestMilliseconds + grantAnswerMilliseconds, options)
  const { tokenSet, proofKey } = record.secrets ?? {}
  try {
    const request: GrantRequest = {
      refreshToken: tokenSet?.refreshToken,
      previous: tokenSet,
      proofKey,
      signal: timeout.signal,
      now: () => clock.now(),
      mayStillBeSent,
      debug: (entry) => holder.debug(entry),
    }
    const answer = grant.signIn === undefined ? grant.refresh(request) : grant.signIn(request)
    return readOutcome(await untilAborted(answer, patience.signal), tokenSet, holder)
  } catch {
    // A grant does not throw. One that does leaves us knowing nothing about its request.
    return { kind: 'unknown' }
  } finally {
    timeout.stop()
    patience.stop()
  }
}

function readOutcome(outcome: GrantOutcome, previous: TokenSet | undefined, holder: RefreshHolder): OneRequest {
  if (outcome.kind === 'failed') return judgeFailure(outcome.failure, holder)
  const receivedAt = Number.isFinite(outcome.receivedAt) ? outcome.receivedAt : holder.clock.now()
  const normalized = normalizeTokenSet(outcome.tokenSet, receivedAt)
  // The server, or the app's function, said "here they are", and they are not: it may well have rotated.
  if (normalized.kind === 'malformed') return saveRefreshToken(normalized.refreshToken, previous)
  const { tokenSet } = normalized
  // Bound to a key that is not there: the access token could not be sent, but the refresh token can.
  if (tokenSet.tokenType === 'DPoP' && holder.grant.dpop === undefined && previous !== undefined) {
    const { refreshToken = previous.refreshToken } = tokenSet
    return { kind: 'issued', tokenSet: { ...previous, refreshToken }, rotatedOnly: true }
  }
  return {
    kind: 'issued',
    tokenSet,
    idToken: isIdTokenVerdict(outcome.idToken) ? outcome.idToken : undefined,
    proofKey: isProofKey(outcome.proofKey) ? outcome.proofKey : undefined,
  }
}

/** The refresh token that was sent is spent: what can be saved of such an answer is saved. */
function saveRefreshToken(refreshToken: string | undefined, previous: TokenSet | undefined): OneRequest {
  if (refreshToken === undefined || previous === undefined || refreshToken === previous.refreshToken) {
    return { kind: 'unknown' }
  }
  return { kind: 'issued', tokenSet: { ...previous, refreshToken }, rotatedOnly: true }
}

/** What a grant says goes into the record: it must be what the record can hold. */
function isIdTokenVerdict(verdict: IdTokenVerdict | undefined): verdict is IdTokenVerdict {
  return verdict !== undefined && isOptionalText(verdict.subject) && isOptionalText(verdict.issuer)
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function judgeFailure(failure: TokenEndpointFailure, holder: RefreshHolder): TokenEndpointVerdict {
  const now = holder.clock.now()
  const override =
    ask(holder.options.classifyFailure, failure, holder) ?? ask(holder.grant.provider?.classifyFailure, failure, holder)
  return applyFailureOverride(classifyTokenEndpointFailure(failure, now), override, now)
}

/** What the app says that a failure means, or the provider's preset. */
function ask(
  classifyFailure: ClassifyFailure | undefined,
  failure: TokenEndpointFailure,
  holder: RefreshHolder,
): FailureOverride {
  try {
    const answer: unknown = classifyFailure?.(describeFailure(failure))
    // A promise, of any realm, is not an answer; its rejection must not go unhandled.
    Promise.resolve(answer).catch(() => {})
    return readFailureOverride(answer)
  } catch {
    // The judgement is optional; a fault in it must not decide about a session.
    holder.debug({ type: 'decision', decision: 'classifyFailureThrew' })
    return undefined
  }
}

function conclude(result: OneRequest, wasUnknown: boolean): RequestResult {
  switch (result.kind) {
    case 'issued':
    case 'leaseLost':
      return result
    case 'ended':
      return { kind: 'refused', verdict: result, wasUnknown }
    case 'transient':
      return { kind: 'transient', verdict: result, keepIntent: wasUnknown || result.mayHaveCommitted }
    case 'unknown': {
      const { retryAt } = result
      const verdict = { kind: 'transient', code: 'unknownOutcome', mayHaveCommitted: true, retryAt } as const
      return { kind: 'transient', verdict, keepIntent: true }
    }
  }
}

import type { EndReason, TransientCode } from '../errors/codes.ts'
import type { TokenEndpointAnswer, TokenEndpointFailure, TokenEndpointUnavailable } from '../token/grant.ts'
import { boundRetryAt, readRetryAfter } from './backoff.ts'

export { describeFailure, type FailureFacts } from './describe-failure.ts'

/** What a failed token request means for the session. */
export type TokenEndpointVerdict =
  /** The session is over. */
  | {
      readonly kind: 'ended'
      readonly reason: Extract<EndReason, 'grantRejected' | 'requestRejected' | 'clientRejected'>
      /** The server's error code, if it is one that can be shown (RFC 6749, section 5.2). */
      readonly serverCode?: string
      /** The refresh token is known to be dead, so it need not be kept. */
      readonly eraseRefreshToken: boolean
      /** What the server asked for, for an app that overrules the end; milliseconds since the epoch. */
      readonly retryAt?: number
    }
  /** The session lives; the same refresh token is tried again later. */
  | {
      readonly kind: 'transient'
      readonly code: TransientCode
      /** Not before this, says the server; milliseconds since the epoch. */
      readonly retryAt?: number
      /** The server may have rotated the refresh token all the same: the refresh intent is to be kept. */
      readonly mayHaveCommitted: boolean
      /** A bare 400: a refusal that names no reason. */
      readonly withoutReason?: true
    }
  /** Nobody can tell what the server did. With `retryAt`, the server wants no replay before that. */
  | { readonly kind: 'unknown'; readonly retryAt?: number }

/** What an app's `classifyFailure` may say of a failure; `undefined` leaves the verdict as it is. */
export type FailureOverride = 'ended' | 'transient' | undefined

type ErrorMeaning = 'trouble' | 'grantRejected' | 'clientRejected'

/** The error codes with a meaning of their own; any other one is `requestRejected`. */
const meanings: ReadonlyMap<string, ErrorMeaning> = new Map([
  ['temporarily_unavailable', 'trouble'],
  ['server_error', 'trouble'],
  ['slow_down', 'trouble'],
  // A grant answers this by itself, once (RFC 9449, section 8). What gets here is a server that changes its nonce again.
  ['use_dpop_nonce', 'trouble'],
  ['invalid_grant', 'grantRejected'],
  ['interaction_required', 'grantRejected'],
  ['login_required', 'grantRejected'],
  ['consent_required', 'grantRejected'],
  ['invalid_client', 'clientRejected'],
  ['unauthorized_client', 'clientRejected'],
  ['unsupported_grant_type', 'clientRejected'],
  ['invalid_scope', 'clientRejected'],
  ['invalid_target', 'clientRejected'],
])

/** Every code, so that the type checker tells when one is missing. */
const transientCodes: Record<TransientCode, true> = {
  network: true,
  offline: true,
  timeout: true,
  server: true,
  throttled: true,
  blocked: true,
  unknownOutcome: true,
  leaseTimeout: true,
  storeUnavailable: true,
  storeLocked: true,
  tokenUnusable: true,
  refused: true,
}

/**
 * Judges a token request that gave no token set.
 *
 * The status speaks before the body where it is about the server's state (429, 408, 425, 5xx), the body's `error` else;
 * an answer with neither came from something in between.
 *
 * @param now milliseconds since the epoch
 * @see RFC 6749, section 5.2
 */
export function classifyTokenEndpointFailure(failure: TokenEndpointFailure, now: number): TokenEndpointVerdict {
  switch (failure.kind) {
    case 'answer':
      return classifyAnswer(failure, withRetryAt(readRetryAfter(failure.retryAfter, now)))
    case 'transport':
      return failure.sent === 'no' ? transient('network') : { kind: 'unknown' }
    case 'offline':
      return transient('offline')
    case 'rejected':
      return ended('grantRejected', failure.serverCode)
    case 'unavailable':
      return classifyUnavailable(failure, now)
  }
}

/**
 * The verdict after an app's `classifyFailure` has had its say: it may end what is transient or unknown, as
 * `requestRejected` with the refresh token kept, and may save a session from ending. What is transient or unknown
 * anyway stays what it is, so that `transient` loses nothing that is known about a commit.
 */
export function applyFailureOverride(verdict: TokenEndpointVerdict, answer: FailureOverride): TokenEndpointVerdict {
  if (answer === 'ended' && verdict.kind !== 'ended') return ended('requestRejected', undefined)
  if (answer === 'transient' && verdict.kind === 'ended') return transient('server', withRetryAt(verdict.retryAt))
  return verdict
}

interface AskedFor {
  readonly retryAt?: number
}

function classifyAnswer(answer: TokenEndpointAnswer, askedFor: AskedFor): TokenEndpointVerdict {
  const { status } = answer
  if (status === 429) return transient('throttled', askedFor)
  // A proxy says these when it has lost the server, which may have done its work by then.
  if (status === 502 || status === 504) return { kind: 'unknown', ...askedFor }
  if (status === 408 || status === 425 || status >= 500) {
    return { ...transient('server', askedFor), mayHaveCommitted: true }
  }
  const error = readError(answer)
  if (error !== undefined) return classifyError(error, status, askedFor)
  // Success without a token: cut, undecodable, or somebody else's page. The server may well have rotated.
  if (isSuccess(status)) return { kind: 'unknown', ...askedFor }
  const isBare = status === 400 && answer.complete
  return { ...transient('blocked', askedFor), ...(isBare ? { withoutReason: true } : {}) }
}

function classifyError(error: string, status: number, askedFor: AskedFor): TokenEndpointVerdict {
  const meaning = meanings.get(error)
  if (meaning === 'trouble') return transient('server', askedFor)
  // An error under a success status follows no RFC, so nothing it says is taken as the RFC's final word.
  if (meaning !== undefined && !isSuccess(status)) return { ...ended(meaning, error), ...askedFor }
  // What says nothing certain, together with an invitation to come again, is a rate limit in the server's own words.
  return askedFor.retryAt === undefined ? ended('requestRejected', error) : transient('server', askedFor)
}

function classifyUnavailable(failure: TokenEndpointUnavailable, now: number): TokenEndpointVerdict {
  const code = isTransientCode(failure.code) ? failure.code : 'server'
  const { retryAt, retryAfter } = failure
  const askedFor = Number.isFinite(retryAt) ? boundRetryAt(Number(retryAt), now) : readRetryAfter(retryAfter, now)
  return {
    ...transient(code, withRetryAt(askedFor)),
    mayHaveCommitted: failure.sent !== 'no' && (code === 'unknownOutcome' || code === 'server' || code === 'timeout'),
  }
}

/** The `error` member and nothing else: not a description that mentions a code, not an object, not half a body. */
function readError(answer: TokenEndpointAnswer): string | undefined {
  const error = answer.complete && answer.body !== undefined && Object.hasOwn(answer.body, 'error') && answer.body.error
  return typeof error === 'string' && error !== '' ? error : undefined
}

function transient(code: TransientCode, askedFor: AskedFor = {}): Extract<TokenEndpointVerdict, { kind: 'transient' }> {
  return { kind: 'transient', code, mayHaveCommitted: false, ...askedFor }
}

function ended(
  reason: Extract<TokenEndpointVerdict, { kind: 'ended' }>['reason'],
  serverCode: string | undefined,
): TokenEndpointVerdict {
  // It will be shown to people, so it must be what the RFC allows, and short.
  const isShowable = typeof serverCode === 'string' && /^[\x20-\x7e]{1,100}$/.test(serverCode)
  return {
    kind: 'ended',
    reason,
    ...(isShowable ? { serverCode } : {}),
    eraseRefreshToken: reason === 'grantRejected',
  }
}

function withRetryAt(retryAt: number | undefined): AskedFor {
  return retryAt === undefined ? {} : { retryAt }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function isTransientCode(code: string): code is TransientCode {
  return Object.hasOwn(transientCodes, code)
}

import { codeMeanings, type EndReason, type TransientCode } from '../errors/codes.ts'
import type { FailureOverride } from '../token/failure-facts.ts'
import type { TokenEndpointAnswer, TokenEndpointFailure, TokenEndpointUnavailable } from '../token/grant.ts'
import { boundRetryAt, readRetryAfter } from './backoff.ts'
import type { Refusal } from './decide-refusal.ts'
import { quoteServer } from './quote-server.ts'
import { type FoundWord, findWord } from './token-endpoint-words.ts'

export { describeFailure } from './describe-failure.ts'

/** What a failed token request means for the session. */
export type TokenEndpointVerdict = EndedVerdict | TransientVerdict | UnknownVerdict

/** The session is over. */
export interface EndedVerdict {
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
export interface TransientVerdict {
  readonly kind: 'transient'
  readonly code: TransientCode
  /** Not before this, says the server; milliseconds since the epoch. */
  readonly retryAt?: number
  /** The server may have rotated the refresh token all the same: the refresh intent is to be kept. */
  readonly mayHaveCommitted: boolean
  /** Counts towards the end of the session, see `decideRefusal`; absent from a refusal that counts towards nothing. */
  readonly refusal?: Refusal
  /** The server's word, as in `EndedVerdict`; only with `refused`. */
  readonly serverCode?: string
  /** The server's own short words, to be shown: without secrets, printable, at most 100 characters; only with `refused`. */
  readonly serverWords?: string
}

/** It is not known what the server did. With `retryAt`, the server wants no replay before that. */
export interface UnknownVerdict {
  readonly kind: 'unknown'
  readonly retryAt?: number
}

/** Statuses that say that something in between spoke, or that the address is wrong; the body does not matter. */
const strayStatuses: ReadonlySet<number> = new Set([404, 405, 413])

/**
 * Judges a token request that gave no token set.
 *
 * The status speaks first where it is about the server's state (429, 408, 425, 5xx) or about what is in between (3xx, 404,
 * 405, 413), then the word that the body refuses with.
 *
 * @param now milliseconds since the epoch
 * @see RFC 6749, section 5.2
 */
export function classifyTokenEndpointFailure(failure: TokenEndpointFailure, now: number): TokenEndpointVerdict {
  switch (failure.kind) {
    case 'answer':
      return classifyAnswer(failure, readRetryAfter(failure.retryAfter, now))
    case 'transport':
      return failure.sent === 'no' ? transient('network') : { kind: 'unknown' }
    case 'offline':
      return transient('offline')
    case 'rejected':
      return ended('grantRejected', { serverCode: failure.serverCode, eraseRefreshToken: true })
    case 'unavailable':
      return classifyUnavailable(failure, now)
  }
}

/**
 * The verdict after a `classifyFailure` has had its say. It may end what is transient or unknown and say why a session
 * ended, with the refresh token kept; and it may save a session from ending, at once or by a count of refusals. What is
 * unknown stays unknown, so that `transient` loses nothing that is known about a commit.
 *
 * @param now milliseconds since the epoch
 */
export function applyFailureOverride(
  verdict: TokenEndpointVerdict,
  answer: FailureOverride,
  now: number,
): TokenEndpointVerdict {
  switch (answer) {
    case undefined:
      return verdict
    case 'ended':
      return verdict.kind === 'ended' ? verdict : endedBy('requestRejected', verdict)
    case 'grantRejected':
    case 'clientRejected':
      return endedBy(answer, verdict)
    case 'transient':
      return passing(verdict, undefined)
    default:
      return passing(verdict, Number.isFinite(answer.retryAt) ? boundRetryAt(Number(answer.retryAt), now) : undefined)
  }
}

function classifyAnswer(answer: TokenEndpointAnswer, retryAt: number | undefined): TokenEndpointVerdict {
  const { status, complete, body } = answer
  if (status === 429) return transient('throttled', { retryAt })
  // A proxy says these when it has lost the server, which may have done its work by then.
  if (status === 502 || status === 504) return { kind: 'unknown', retryAt }
  if (status === 408 || status === 425 || status >= 500) {
    return transient('server', { retryAt, mayHaveCommitted: true })
  }
  const isSuccess = status >= 200 && status < 300
  if ((status < 400 && !isSuccess) || strayStatuses.has(status)) return transient('blocked', { retryAt })

  // Half a body says nothing.
  const found = complete && body !== undefined ? findWord(body) : undefined
  if (found !== undefined) return classifyWord(found, { answer, retryAt })
  // Success without a token: cut, undecodable, or the page of something in between. The server may well have rotated.
  if (isSuccess) return { kind: 'unknown', retryAt }
  if (status === 400 && answer.empty === true) return transient('refused', { retryAt, refusal: 'bare' })
  return isJson(answer) ? refused(answer, { retryAt }) : transient('blocked', { retryAt })
}

function classifyWord(
  { word, meaning, isError }: FoundWord,
  { answer, retryAt }: { answer: TokenEndpointAnswer; retryAt: number | undefined },
): TokenEndpointVerdict {
  switch (meaning) {
    case 'trouble':
      return transient('server', { retryAt })
    case 'grantRejected':
      // Elsewhere than in `error` it may be about something else than the refresh token.
      return ended('grantRejected', { serverCode: word, eraseRefreshToken: isError, retryAt })
    case 'interactionRequired':
      return ended('grantRejected', { serverCode: word, retryAt })
    case 'clientRejected':
      return ended('clientRejected', { serverCode: word, retryAt })
    case 'proofRejected':
      return refused(answer, { serverCode: showable(word), retryAt })
    default:
      // What says nothing certain, together with an invitation to come again, is a rate limit in the server's own words.
      if (retryAt !== undefined) return transient('server', { retryAt })
      if (meaning === 'requestRejected') return ended(meaning, { serverCode: word })
      return refused(answer, { serverCode: showable(word), refusal: 'unknownWord' })
  }
}

function classifyUnavailable(failure: TokenEndpointUnavailable, now: number): TransientVerdict {
  const code = isTransientCode(failure.code) ? failure.code : 'server'
  const { retryAt, retryAfter, sent, detail } = failure
  return transient(code, {
    serverWords: detail,
    retryAt: Number.isFinite(retryAt) ? boundRetryAt(Number(retryAt), now) : readRetryAfter(retryAfter, now),
    mayHaveCommitted: sent !== 'no' && (code === 'unknownOutcome' || code === 'server' || code === 'timeout'),
  })
}

/** Something that speaks JSON at the token endpoint is not a firewall's page. */
function isJson({ complete, empty, body, contentType }: TokenEndpointAnswer): boolean {
  return complete && empty !== true && (body !== undefined || /[/+]json\b/i.test(contentType ?? ''))
}

function refused(
  { body }: TokenEndpointAnswer,
  more: Pick<TransientVerdict, 'refusal' | 'serverCode' | 'retryAt'>,
): TransientVerdict {
  return transient('refused', { ...more, serverWords: body && quoteServer(body) })
}

function transient(code: TransientCode, more: Partial<TransientVerdict> = {}): TransientVerdict {
  return { kind: 'transient', code, mayHaveCommitted: false, ...more }
}

function ended(
  reason: EndedVerdict['reason'],
  end: { serverCode?: string | undefined; eraseRefreshToken?: boolean; retryAt?: number | undefined },
): EndedVerdict {
  const { serverCode, eraseRefreshToken = false, retryAt } = end
  return { kind: 'ended', reason, serverCode: showable(serverCode), eraseRefreshToken, retryAt }
}

/** An end that an app or a preset has decided: their word is not the server's, so the refresh token is kept. */
function endedBy(reason: EndedVerdict['reason'], verdict: TokenEndpointVerdict): EndedVerdict {
  const serverCode = verdict.kind === 'unknown' ? undefined : verdict.serverCode
  return ended(reason, { serverCode, retryAt: verdict.retryAt })
}

function passing(verdict: TokenEndpointVerdict, retryAt = verdict.retryAt): TokenEndpointVerdict {
  const isTrouble = verdict.kind === 'ended' || (verdict.kind === 'transient' && verdict.refusal !== undefined)
  return isTrouble ? transient('server', { retryAt }) : { ...verdict, retryAt }
}

/** A word that will be shown to people: what RFC 6749, section 5.2, allows, and short. */
function showable(serverCode: string | undefined): string | undefined {
  return typeof serverCode === 'string' && /^[\x20-\x7e]{1,100}$/.test(serverCode) ? serverCode : undefined
}

function isTransientCode(code: string): code is TransientCode {
  return Object.hasOwn(codeMeanings, code)
}

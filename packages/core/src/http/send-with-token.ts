import type { Clock } from '../clock/clock.ts'
import { isSessionError } from '../errors/session-error.ts'
import { classifyResponse, type ResponseVerdict, stepUpChallengeOf } from '../policy/classify-response.ts'
import { getAccessTokenSlowly, getNewerToken } from '../session/callers.ts'
import { accept, addressOf, peekAccessToken, reject } from '../session/rejected-tokens.ts'
import type { SessionCore } from '../session/session-core.ts'
import { type AccessToken, authorizationHeader } from '../token/access-token.ts'
import type { TokenProofs } from '../token/proof.ts'
import { setBodyAside } from './set-body-aside.ts'
import { httpOriginOf } from './token-origins.ts'

/** A request to an allowed origin, as one of the doors (fetch, ky) hands it in. */
export interface Sendable {
  /** Where it goes, such as `https://api.example`. */
  readonly origin: string
  readonly signal: AbortSignal | undefined
  /** Whether its body can be sent only once. */
  readonly isOneShot: boolean
  /**
   * Sends it with this value in the token's header, and a proof where the token is bound to a key; called again, sends
   * the same again.
   */
  send(authorization: string, proof?: string): Promise<Response>
  /** The URL is absolute. */
  target(): { readonly method: string; readonly url: string }
}

/**
 * How long the token must still be good for when a body that cannot be sent twice sets out with it, in milliseconds:
 * a rejection could not be mended afterwards.
 */
const oneShotValidityMilliseconds = 60_000

/** The first send, one with the token of a refresh, and one more where that was replaced meanwhile. */
const mostSends = 3

/**
 * Sends a request with the session's access token; if the token is rejected, once more with the next one.
 *
 * Returns what came: the last response with any status, the first where no other token can be had.
 *
 * @throws the signal's reason; the `SessionError` that says why there is no token, and then nothing was sent; what
 * the underlying fetch throws, as it is
 * @see RFC 6750, section 3.1
 */
export async function sendWithToken(core: SessionCore, sendable: Sendable): Promise<Response> {
  const { origin, signal, isOneShot } = sendable
  const { clock } = core
  let waitedMilliseconds = 0
  // A request with a fresh token waits for nothing but its response.
  let token = isOneShot ? undefined : peekAccessToken(core, origin)
  if (token === undefined) {
    const waitsSince = clock.now()
    token = await firstToken(core, sendable)
    waitedMilliseconds = clock.now() - waitsSince
  }
  let hasRefreshed = false
  for (let sends = 1; ; sends += 1) {
    const response = await sendOnce(core, sendable, token)
    const { status } = response
    const { generation } = token
    const judged = judge(response, origin, core)
    const verdict = typeof judged === 'string' ? judged : await judged
    if (verdict === 'accepted') accept(core, { origin, generation, status }, () => sendable.target())
    if (verdict === 'stepUpRequired') {
      const challenge = stepUpChallengeOf(response.headers.get('www-authenticate'))
      core.noteOutcome({ outcome: verdict, origin, generation, status, challenge })
    }
    if (verdict !== 'rejected') return response

    const rejected = { origin, address: addressOf(sendable.target().url), generation, status }
    const known = reject(core, rejected)
    if (isOneShot || known === 'paused' || sends === mostSends) return response
    if (known === 'noted' && hasRefreshed) {
      // What comes of that is for the requests to come.
      core.requestToken(false)
      return response
    }
    hasRefreshed ||= known === 'noted'
    const waitsSince = clock.now()
    const setAside = await setBodyAside(response, clock)
    const next = await getNewer(core, rejected, { signal, waitedMilliseconds })
    if (next === undefined) return setAside()
    waitedMilliseconds += clock.now() - waitsSince
    token = next
  }
}

function firstToken(core: SessionCore, { origin, signal, isOneShot }: Sendable): Promise<AccessToken> {
  const minimumValidityMilliseconds = isOneShot ? oneShotValidityMilliseconds : undefined
  return getAccessTokenSlowly(core, { origin, signal, minimumValidityMilliseconds })
}

/** The token to try after a rejection; `undefined` leaves the caller with the response it has. */
async function getNewer(
  core: SessionCore,
  rejected: Parameters<typeof getNewerToken>[1],
  options: Parameters<typeof getNewerToken>[2],
): Promise<AccessToken | undefined> {
  try {
    return await getNewerToken(core, rejected, options)
  } catch (error) {
    // Why there is no token, the session tells; the caller asked about this response.
    if (isSessionError(error) && !options.signal?.aborted) return undefined
    throw error
  }
}

/** Most tokens are bearer tokens: nothing is awaited for them that need not be. */
function sendOnce(core: SessionCore, sendable: Sendable, token: AccessToken): Promise<Response> {
  const { createProof } = token as { createProof?: TokenProofs }
  if (createProof === undefined) return transmit(core, sendable, token)
  return createProof.send({ ...sendable.target(), isOneShot: sendable.isOneShot }, (proof) =>
    transmit(core, sendable, token, proof),
  )
}

async function transmit(core: SessionCore, sendable: Sendable, token: AccessToken, proof?: string): Promise<Response> {
  try {
    return await sendable.send(authorizationHeader(token, core.options.scheme), proof)
  } catch (error) {
    if (!sendable.signal?.aborted) {
      core.noteOutcome({ outcome: 'networkFailed', origin: sendable.origin, generation: token.generation })
    }
    throw error
  }
}

/** Longer bodies are not read to ask whether they say that the token was rejected, in bytes as they are sent. */
const longestJudgedBody = 64 * 1024

/** Judges a response, and asks the app or the provider's preset where it looks accepted. */
function judge(
  response: Response,
  origin: string,
  { options: { rejectedStatuses, isRejected }, clock }: SessionCore,
): ResponseVerdict | 'notOurs' | Promise<ResponseVerdict | 'notOurs'> {
  const verdict = readVerdict(response, origin, rejectedStatuses)
  return verdict !== 'accepted' || isRejected === undefined
    ? verdict
    : askWhetherRejected(response, { isRejected, clock })
}

/** The body is read from a clone: the caller gets all of it. A judgement that throws is none. */
async function askWhetherRejected(
  response: Response,
  { isRejected, clock }: { isRejected: NonNullable<SessionCore['options']['isRejected']>; clock: Clock },
): Promise<ResponseVerdict> {
  const { status, headers } = response
  // Most servers do not say how long a compressed answer is.
  const isShort = Number(headers.get('content-length') ?? 0) <= longestJudgedBody
  const isJson = /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(headers.get('content-type') ?? '')
  const clone = isShort && isJson ? await setBodyAside(response.clone(), clock) : undefined
  try {
    const body: unknown = await clone?.().json().catch(ignore)
    const answer: unknown = isRejected({ status, body })
    // A promise is not an answer; its rejection must not go unhandled.
    Promise.resolve(answer).catch(ignore)
    return answer === true ? 'rejected' : 'accepted'
  } catch {
    return 'accepted'
  }
}

function ignore() {}

/**
 * Judges a response to a request that carried the token to an origin; `notOurs` if it comes from where the token did
 * not go. The body is left alone.
 */
function readVerdict(
  response: Response,
  origin: string,
  rejectedStatuses: ReadonlySet<number>,
): ResponseVerdict | 'notOurs' {
  const { status } = response
  // Fetch drops the header on the way to another origin: a page to sign in at has accepted nothing.
  if (response.redirected && httpOriginOf(response.url) !== origin) return 'notOurs'
  // No other status says anything about a token, and most responses need no look at their headers.
  if (status !== 401 && status !== 403 && !rejectedStatuses.has(status)) return 'accepted'
  const challenge = response.headers.get('www-authenticate')
  return classifyResponse({ status, challenge, hasDpopNonce: response.headers.has('dpop-nonce') }, rejectedStatuses)
}

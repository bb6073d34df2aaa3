import { isSessionError } from '../errors/session-error.ts'
import type { AccessToken } from '../token/access-token.ts'
import { authorizationHeader } from '../token/authorization-header.ts'
import { discard } from './discard-response.ts'
import { createOutcomeReporter, type OutcomeReporter } from './outcome-reporter.ts'
import type { RequestPort } from './request-port.ts'
import { readVerdict } from './response-verdict.ts'
import { sendWithProof } from './send-with-proof.ts'
import { createTokenOrigins } from './token-origins.ts'

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
  /** What a proof is about. */
  target(): { readonly method: string; readonly url: string }
}

/** The session's side of a door. */
export interface TokenSender {
  readonly port: RequestPort
  readonly reporter: OutcomeReporter
  /** The origin of a URL if a request to it may carry the token. */
  readonly tokenOriginOf: (url: string) => string | undefined
}

/** The session's side of a door. */
export function createTokenSender(port: RequestPort): TokenSender {
  return { port, reporter: createOutcomeReporter(port), tokenOriginOf: createTokenOrigins(port.allowedOrigins) }
}

/**
 * How long the token must still be good for when a body that cannot be sent twice sets out with it, in milliseconds:
 * a rejection could not be mended afterwards.
 */
const oneShotValidityMilliseconds = 60_000

/**
 * Sends a request with the session's access token; if the token is rejected, once more with the next one.
 *
 * Returns what came: the second response whatever it says, the first where no other token can be had.
 *
 * @throws the signal's reason; the `SessionError` that says why there is no token, and then nothing was sent; what
 * the underlying fetch throws, as it is
 * @see RFC 6750, section 3.1
 */
export async function sendWithToken(sender: TokenSender, sendable: Sendable): Promise<Response> {
  const { port, reporter } = sender
  const { origin, signal, isOneShot } = sendable
  const token = isOneShot
    ? await port.getAccessToken({ signal, minimumValidityMilliseconds: oneShotValidityMilliseconds })
    : (port.peekAccessToken() ?? (await port.getAccessToken({ signal })))
  const startedAt = port.now()
  const response = await send(sender, sendable, token)

  switch (readVerdict(response, origin, port.rejectedStatuses)) {
    case 'accepted':
      reporter.accepted({ origin, generation: token.generation, status: response.status })
      return response
    case 'stepUpRequired':
      reporter.report({ outcome: 'stepUpRequired', origin, generation: token.generation, status: response.status })
      return response
    case 'rejected':
      break
    default:
      return response
  }

  // Said and tried before: this origin refuses the token that was fetched because it refused the one before.
  if (port.isRefusedAfterRefresh(origin, token.generation)) return response
  reporter.report({ outcome: 'rejected', origin, generation: token.generation, status: response.status })
  if (isOneShot) return response
  const next = await getNewerToken(port, { rejected: token, response, signal })
  return next === undefined ? response : sendAgain(sender, sendable, { token: next, startedAt })
}

async function sendAgain(
  sender: TokenSender,
  sendable: Sendable,
  { token, startedAt }: { token: AccessToken; startedAt: number },
): Promise<Response> {
  const { port, reporter } = sender
  const { origin } = sendable
  const response = await send(sender, sendable, token)
  const about = { origin, generation: token.generation, status: response.status }
  const verdict = readVerdict(response, origin, port.rejectedStatuses)
  if (verdict === 'accepted') reporter.accepted(about)
  if (verdict === 'stepUpRequired') reporter.report({ outcome: 'stepUpRequired', ...about })
  if (verdict === 'rejected') {
    // A token that was there before this request began was not fetched on its behalf: it is merely rejected.
    reporter.report({ outcome: token.receivedAt >= startedAt ? 'rejectedAfterRefresh' : 'rejected', ...about })
  }
  return response
}

/** Most tokens are bearer tokens: nothing is awaited for them that need not be. */
function send(sender: TokenSender, sendable: Sendable, token: AccessToken): Promise<Response> {
  const { createProof } = token
  if (createProof === undefined) return sendOnce(sender, sendable, token)
  return sendWithProof(sender, sendable, {
    createProof,
    sendOnce: (proof) => sendOnce(sender, sendable, token, proof),
  })
}

async function sendOnce(
  { port, reporter }: TokenSender,
  sendable: Sendable,
  token: AccessToken,
  proof?: string,
): Promise<Response> {
  try {
    return await sendable.send(authorizationHeader(token, port.scheme), proof)
  } catch (error) {
    if (!sendable.signal?.aborted) {
      reporter.report({ outcome: 'networkFailed', origin: sendable.origin, generation: token.generation })
    }
    throw error
  }
}

/** The token to try after a rejection; `undefined` leaves the caller with the response it has. */
async function getNewerToken(
  port: RequestPort,
  { rejected, response, signal }: { rejected: AccessToken; response: Response; signal: AbortSignal | undefined },
): Promise<AccessToken | undefined> {
  try {
    const next = await port.getAccessToken({ signal })
    if (next.generation <= rejected.generation) return undefined
    discard(response)
    return next
  } catch (error) {
    // Why there is no token, the session tells; the caller asked about this response.
    if (isSessionError(error) && !signal?.aborted) return undefined
    discard(response)
    signal?.throwIfAborted()
    throw error
  }
}

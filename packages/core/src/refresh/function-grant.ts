import { isObject, isText } from '../errors/check-options.ts'
import { isRefreshRejectedError } from '../errors/refresh-rejected-error.ts'
import { isRefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { classifyTransportError } from '../token/classify-transport-error.ts'
import type {
  Grant,
  GrantOutcome,
  GrantRequest,
  IdTokenVerdict,
  RefreshFunction,
  TokenEndpointFailure,
} from '../token/grant.ts'
import { readJwtClaims } from '../token/jwt-claims.ts'
import type { TokenSetInput } from '../token/token-set.ts'
import { untilAborted } from '../token/until-aborted.ts'

/**
 * The app's own refresh function as a grant.
 *
 * It needs no refresh token of the session's, since the API behind it may keep its own in a cookie. Nothing that the
 * function throws goes on but codes. A function that does not heed its signal is waited for no longer than that.
 */
export class FunctionGrant implements Grant {
  readonly #refresh: RefreshFunction

  constructor(refresh: RefreshFunction) {
    this.#refresh = refresh
  }

  get needsRefreshToken() {
    return false
  }

  get identity() {
    return {}
  }

  refresh(request: GrantRequest): Promise<GrantOutcome> {
    return callFunction(this.#refresh, request)
  }
}

async function callFunction(refresh: RefreshFunction, request: GrantRequest): Promise<GrantOutcome> {
  const { refreshToken, signal, now } = request
  if (signal.aborted || request.mayStillBeSent?.() === false) {
    return failed({ kind: 'transport', sent: 'no', code: 'timeout' })
  }
  try {
    const call = async (): Promise<unknown> => refresh({ refreshToken, signal })
    const tokenSet = await untilAborted(call(), signal)
    // An answer that is not a token set does not tell what the API did.
    if (!hasAccessToken(tokenSet)) return failed({ kind: 'transport', sent: 'unknown', code: 'unusableTokens' })
    return { kind: 'issued', tokenSet, receivedAt: now(), idToken: readIdentity(tokenSet.idToken) }
  } catch (error) {
    return failed(classifyThrown(error, signal))
  }
}

function classifyThrown(error: unknown, signal: AbortSignal): TokenEndpointFailure {
  if (isRefreshRejectedError(error)) return { kind: 'rejected', serverCode: error.serverCode }
  if (isRefreshUnavailableError(error)) return { kind: 'unavailable', code: error.code, retryAt: error.retryAt }
  return classifyTransportError(error, { signal })
}

/** The function vouches for the id token it returns; whose it is, the session still compares. */
function readIdentity(idToken: unknown): IdTokenVerdict | undefined {
  if (typeof idToken !== 'string') return undefined
  const { iss, sub } = readJwtClaims(idToken) ?? {}
  return typeof iss === 'string' && typeof sub === 'string' ? { valid: true, issuer: iss, subject: sub } : undefined
}

function hasAccessToken(value: unknown): value is TokenSetInput {
  return isObject(value) && isText(value.accessToken)
}

function failed(failure: TokenEndpointFailure): GrantOutcome {
  return { kind: 'failed', failure }
}

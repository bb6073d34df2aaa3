import { SignInError } from '../errors/sign-in-error.ts'
import type { TokenEndpointAnswer, TokenEndpointFailure } from '../token/grant.ts'
import { removeKnownSecrets } from './remove-known-secrets.ts'

/** Codes that say "not now", and nothing about this sign-in. */
const passingCodes: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error', 'slow_down'])

/** Statuses that say "not now", whatever the body says. */
const isPassingStatus = (status: number) => status >= 500 || status === 429 || status === 408 || status === 425

/**
 * What a request of a sign-in that failed means for the user: `refused` where the server said no, `unavailable` where
 * that is unknown, since a sign-in, unlike a refresh, can be begun anew.
 */
export function describeSignInFailure(failure: TokenEndpointFailure): SignInError {
  switch (failure.kind) {
    case 'answer':
      return describeAnswer(failure)
    case 'rejected':
      return refuse(failure.serverCode)
    case 'offline':
      return unavailable('this device has no network')
    case 'transport':
    case 'unavailable':
      return unavailable(failure.detail ?? failure.code ?? 'no readable answer')
  }
}

/** The server said no, by its `error` if it gave one that can be shown (RFC 6749, sections 4.1.2.1 and 5.2). */
export function describeServerError(error: string, secrets: Iterable<string> = []): SignInError {
  const serverCode = readServerCode(removeKnownSecrets(error, secrets))
  return passingCodes.has(error) ? unavailable('it says so', serverCode) : refuse(serverCode)
}

/** An error code as it can be shown: one short word. A text of another kind may hold anything. */
function readServerCode(error: string): string | undefined {
  return /^[\w.-]{1,64}$/.test(error) ? error : undefined
}

function describeAnswer({ status, body, complete }: TokenEndpointAnswer): SignInError {
  const error = typeof body?.error === 'string' && body.error !== '' ? body.error : undefined
  if (isPassingStatus(status)) return unavailable(`status ${status}`, error && readServerCode(error))
  if (error !== undefined) return describeServerError(error)
  if (status >= 200 && status < 300 && complete) {
    return new SignInError('unusableTokens', 'What the authorization server issued is not a token set.')
  }
  return unavailable(status < 300 ? 'its answer was cut' : `status ${status} without a reason`)
}

function refuse(serverCode: string | undefined): SignInError {
  const code = serverCode === undefined ? '' : `: ${serverCode}`
  return new SignInError('refused', `The authorization server refused the sign-in${code}.`, { serverCode })
}

/** The authorization server cannot be asked just now. */
export function unavailable(why: string, serverCode?: string): SignInError {
  const message = `The authorization server could not be reached or cannot answer: ${why}. Begin the sign-in again later.`
  return new SignInError('unavailable', message, { serverCode })
}

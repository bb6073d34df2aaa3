import { isText } from '../errors/check-options.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { isSameIssuer } from '../token/issuers.ts'
import type { ResolvedServer } from './server.ts'

/**
 * What has to be kept between the beginning and the completion of a sign-in: plain data, which JSON can carry.
 *
 * Secret: `state`, `nonce` and `codeVerifier` are what keeps a stolen code or a forged callback from being of use. It
 * belongs where only the program or page that began the sign-in can read it: in memory, in `sessionStorage`, in a cookie
 * that is encrypted and `HttpOnly`. Not into a URL, a log, or a store that others share; and it is to be forgotten once
 * it was completed, well or not.
 *
 * @see RFC 9700, section 2.1.1, and RFC 7636, section 7.1
 */
export interface AuthorizationTransaction {
  readonly issuer: string
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string
  readonly codeVerifier: string
  /** Only where the scope has `openid`. */
  readonly nonce?: string
  readonly scope?: string
  readonly prompt?: string
  readonly resource?: readonly string[]
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** Whether the code is bound to the sign-in: always, but where the server refuses that of a client with a secret. */
export function usesPkce({ provider, isConfidential }: ResolvedServer): boolean {
  return !(provider.refusesCodeVerifier === true && isConfidential)
}

/** How long a sign-in may take, in milliseconds: longer than any server keeps its side of it. */
const longestSignInMilliseconds = 60 * 60 * 1000

/**
 * A transaction as it came back from where it was kept, trusting nothing about it.
 *
 * @param circumstances `now` in milliseconds since the epoch
 * @throws SignInError `callbackRejected` for what is not a transaction, or one of another server or client; `expired` for
 *   one that was begun more than an hour ago
 */
export function readTransaction(
  value: unknown,
  { server, now }: { server: ResolvedServer; now: number },
): AuthorizationTransaction {
  if (!isTransaction(value)) {
    throw new SignInError(
      'callbackRejected',
      'This is not a sign-in transaction. Start the sign-in again and keep the transaction it returns.',
    )
  }
  if (!isSameIssuer(value.issuer, server.issuer) || value.clientId !== server.clientId) {
    throw new SignInError(
      'callbackRejected',
      'This sign-in was begun at another authorization server or by another client; complete it with the same options.',
    )
  }
  if (now - value.startedAt > longestSignInMilliseconds) {
    throw new SignInError('expired', 'This sign-in was begun more than an hour ago; begin it again.')
  }
  return value
}

function isTransaction(value: unknown): value is AuthorizationTransaction {
  if (typeof value !== 'object' || value === null) return false
  const { startedAt, resource, ...texts } = value as Record<string, unknown>
  const needed = ['issuer', 'clientId', 'redirectUri', 'state', 'codeVerifier']
  return (
    needed.every((name) => isText(texts[name])) &&
    ['nonce', 'scope', 'prompt'].every((name) => texts[name] === undefined || isText(texts[name])) &&
    (resource === undefined || (Array.isArray(resource) && resource.every(isText))) &&
    typeof startedAt === 'number' &&
    Number.isFinite(startedAt)
  )
}

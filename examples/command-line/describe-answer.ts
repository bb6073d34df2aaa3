import type { SessionSnapshot } from '@authchart/core'
import type { Failure } from './describe-error.ts'
import { signInHint } from './describe-error.ts'
import { exitCodes } from './exit-codes.ts'

/** What an error answer of the API means; `undefined` for a success. */
export function describeAnswer(
  status: number,
  { reason, code, retryAt }: Pick<SessionSnapshot, 'reason' | 'code' | 'retryAt'>,
): Failure | undefined {
  if (status < 400) return undefined
  const said = `The API answered ${status}`
  // The token was rejected, and the session could not get another one; it knows why.
  if (status === 401 && reason !== undefined) {
    const lines = [`${said}, and the session has ended (${reason}): ${signInHint}.`]
    return { exitCode: exitCodes.notSignedIn, code: 'sessionEnded', lines, facts: { status, reason } }
  }
  if (status === 401 && code !== undefined) {
    const lines = [`${said}, and there is no other token just now (${code}): try again later.`]
    const facts = { status, retryAt }
    return { exitCode: exitCodes.tryAgainLater, code, lines, facts }
  }
  if (status === 429 || status >= 500) {
    return {
      exitCode: exitCodes.tryAgainLater,
      code: 'apiUnavailable',
      lines: [`${said}: try again later.`],
      facts: { status },
    }
  }
  return { exitCode: exitCodes.failed, code: 'apiRefused', lines: [`${said}.`], facts: { status } }
}

/** What a missing answer of the API means. `cause` is the system's code, such as `ECONNREFUSED`. */
export function describeSilence(api: string, cause: string | undefined): Failure {
  const because = cause === undefined ? '' : ` (${cause})`
  return {
    exitCode: exitCodes.tryAgainLater,
    code: 'apiUnreachable',
    lines: [`The API at ${api} could not be reached${because}: check the network, and try again later.`],
  }
}

import {
  type EndReason,
  isConfigurationError,
  isNotSignedInError,
  isRefreshUnavailableError,
  isSessionEndedError,
  isSignInError,
  isStoreError,
  type StoreError,
} from '@authchart/core'
import type { StoreKind } from './command-line.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

/** How the program reports a failure, in a line or two, and in JSON. */
export interface Failure {
  readonly exitCode: ExitCode
  /** For scripts: a code of the library, or of this program. */
  readonly code: string
  /** What happened and what to do. */
  readonly lines: readonly string[]
  /** More for scripts: a reason, or when to try again. */
  readonly facts?: Readonly<Record<string, string | number | undefined>>
}

/** A mistake in how the program was called, not an error of the library. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What to do wherever a new sign-in is needed. */
export const signInHint = 'run "acme login"'

/** What to do when a session has ended. */
export function hintAfter(reason: EndReason | undefined): string {
  return reason === 'clientRejected' ? 'check --client-id with the operator of the server' : signInHint
}

/** What to say about an error. No other part of it is shown: errors of other libraries may quote requests. */
export function describeError(error: unknown, { store }: { store: StoreKind }): Failure {
  if (error instanceof UsageError) return { exitCode: exitCodes.mistake, code: 'usage', lines: [error.message] }
  if (isConfigurationError(error)) return { exitCode: exitCodes.mistake, code: error.code, lines: [error.message] }
  if (isNotSignedInError(error)) return { exitCode: exitCodes.notSignedIn, code: error.code, lines: [error.message] }
  if (isSessionEndedError(error)) {
    const { reason, endedAt, message, code } = error
    return { exitCode: exitCodes.notSignedIn, code, lines: [message], facts: { reason, endedAt } }
  }
  if (isRefreshUnavailableError(error)) {
    const { retryAt, message, code } = error
    return { exitCode: exitCodes.tryAgainLater, code, lines: [message], facts: { retryAt } }
  }
  if (isStoreError(error)) return describeStoreError(error, store)
  if (isSignInError(error)) {
    const exitCode = error.retryable ? exitCodes.tryAgainLater : exitCodes.failed
    return { exitCode, code: error.code, lines: [error.message, ...adviseOnSignIn(error.code)] }
  }
  return { exitCode: exitCodes.failed, code: 'failed', lines: [error instanceof Error ? error.message : String(error)] }
}

function describeStoreError({ code, message, retryable }: StoreError, store: StoreKind): Failure {
  const alternative =
    code === 'storeMissing' && store === 'keyring'
      ? ['Without a keyring: --store file, with a key in ACME_STORE_KEY (made by: openssl rand -base64 32).']
      : []
  return {
    exitCode: retryable ? exitCodes.tryAgainLater : exitCodes.failed,
    code,
    lines: [message, ...alternative],
  }
}

function adviseOnSignIn(code: string): string[] {
  if (code !== 'subjectMismatch') return []
  return ['Sign in under another --account, or run "acme logout" for this one first.']
}

import { isSessionError, SessionError } from './session-error.ts'

/**
 * - `storeUnavailable`: it cannot be read or written now (a blip, a full disk, a keyring service that does not answer).
 * - `storeLocked`: the user has to unlock it.
 * - `recordUnreadable`: it answers, but what it holds under this key is not a record that it can open.
 * - `recordFromNewerVersion`: a newer version of the library wrote the record; it is never overwritten.
 * - `storeMissing`: this machine has no such store; the message names the alternatives.
 */
export type StoreErrorCode =
  | 'storeUnavailable'
  | 'storeLocked'
  | 'recordUnreadable'
  | 'recordFromNewerVersion'
  | 'storeMissing'

/**
 * Names exactly the bytes that could not be read, so that `SessionStore.compareAndSet` replaces them and nothing else.
 * Opaque; it tells nothing about what they hold.
 */
export type ReplaceToken = string

/** What the clear part of an unreadable record still tells. Not proven: only the secrets would prove it. */
export interface UnreadableSummary {
  readonly identity: { readonly issuer?: string; readonly clientId?: string; readonly subject?: string }
  /** New tokens need a generation above this one. */
  readonly highestReservedGeneration: number
}

/** What a `StoreError` can carry besides its message. */
export interface StoreErrorDetails extends ErrorOptions {
  readonly replaceToken?: ReplaceToken
  readonly summary?: UnreadableSummary
}

const retryableCodes: ReadonlySet<StoreErrorCode> = new Set(['storeUnavailable', 'storeLocked'])

/**
 * A store could not do what it was asked to do. As far as it knows, nothing was changed.
 *
 * A store may throw it from each of its methods; none of them ends the session.
 */
export class StoreError extends SessionError {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly retryable: boolean
  /**
   * Only with `recordUnreadable`: what a sign-in or a sign-out gives to `compareAndSet` to replace the record. Absent
   * where the record must stay: it may be readable later, or by another version.
   */
  declare readonly replaceToken?: ReplaceToken
  /** Only with `replaceToken`, and only where the clear part can be read. */
  declare readonly summary?: UnreadableSummary

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    const { replaceToken, summary, ...options } = details
    super(message, options)
    this.code = code
    this.retryable = retryableCodes.has(code)
    if (replaceToken !== undefined) this.replaceToken = replaceToken
    if (summary !== undefined) this.summary = summary
  }
}

/** Whether the call failed because of the store. */
export function isStoreError(error: unknown): error is StoreError {
  return isSessionError(error) && error.name === 'StoreError'
}

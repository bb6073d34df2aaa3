import { isSessionError, SessionError } from './session-error.ts'

/**
 * - `storeUnavailable`: it cannot be read or written now (a blip, a full disk, a keyring service that does not answer).
 * - `storeLocked`: the user has to unlock it.
 * - `recordUnreadable`: it answers, but what it holds under this key is not a record.
 * - `recordFromNewerVersion`: a newer version of the library wrote the record; it is never overwritten.
 * - `storeMissing`: this machine has no such store; the message names the alternatives.
 */
export type StoreErrorCode =
  | 'storeUnavailable'
  | 'storeLocked'
  | 'recordUnreadable'
  | 'recordFromNewerVersion'
  | 'storeMissing'

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

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retryable = retryableCodes.has(code)
  }
}

/** Whether the call failed because of the store. */
export function isStoreError(error: unknown): error is StoreError {
  return isSessionError(error) && error.name === 'StoreError'
}

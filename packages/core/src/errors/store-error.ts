import { isSessionError, SessionError } from './session-error.ts'

/**
 * - `storeUnavailable`: it cannot be read or written just now (a blip, a full disk, a mute keyring service).
 * - `storeLocked`: it needs the user to unlock it.
 * - `recordUnreadable`: it answers, but what it holds under this key is no record.
 * - `recordFromNewerVersion`: a newer version of the library has written it; it is never written over.
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
 * A store could not do what was asked of it. Nothing was changed, as far as anybody knows.
 *
 * A store throws it from any of its methods; the session ends for none of them.
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

import { type Explained, helpOn } from './help.ts'

const brand = Symbol.for('authchart.SessionError')

/**
 * The base of every error this library throws.
 *
 * The message says what happened, then what you can do. Neither it nor `cause`, at any depth, holds a secret.
 */
export abstract class SessionError extends Error implements Explained {
  /** What went wrong, one of a closed list per class. */
  abstract readonly code: string
  /** Whether the same call can succeed later by itself. */
  abstract readonly retryable: boolean

  /** The address of what the docs say about it: what it means, and what to do. */
  get help(): string {
    return helpOn((this as { reason?: string }).reason ?? this.code)
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    Object.defineProperty(this, brand, { value: true })
  }
}

/**
 * Whether an error comes from this library.
 *
 * Also true for an error of another copy of the library in the same program, where `instanceof` is false.
 */
export function isSessionError(error: unknown): error is SessionError {
  return error instanceof Error && brand in error
}

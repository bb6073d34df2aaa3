import { isSessionError, SessionError } from './session-error.ts'

/**
 * An option is missing or malformed. Thrown at once, where the option was given; names the option and what was
 * expected. A server or a store never causes it.
 */
export class ConfigurationError extends SessionError {
  override readonly name = 'ConfigurationError'
  readonly code = 'invalidOption'
  readonly retryable = false
  /** The option's name, with dots into objects: `retry.limit`. */
  readonly option: string

  constructor(option: string, expected: string, options?: ErrorOptions) {
    super(`The option \`${option}\` ${expected}`, options)
    this.option = option
  }
}

/** Whether an option cannot be used. */
export function isConfigurationError(error: unknown): error is ConfigurationError {
  return isSessionError(error) && error.name === 'ConfigurationError'
}

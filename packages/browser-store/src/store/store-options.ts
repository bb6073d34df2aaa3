import { ConfigurationError } from '@authchart/core'
import type { StoreError } from '@authchart/core/store'

/** Where in the browser sessions are kept, and what happens where they cannot be. */
export interface IndexedDbStoreOptions {
  /** The name of the database, which holds nothing else. Default `authchart`. */
  readonly database?: string
  /**
   * `memory`: where the browser offers no such store (IndexedDB missing or refused, no secure context), sessions last
   * as long as the page and are not shared between tabs. Default: every call fails with a `StoreError`.
   */
  readonly fallback?: 'memory'
  /** Is told once, should it come to the fallback, and why. */
  readonly onFallback?: (reason: StoreError) => void
}

const knownOptions: Record<keyof IndexedDbStoreOptions, true> = { database: true, fallback: true, onFallback: true }

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError for an option that is malformed or unknown
 */
export function resolveStoreOptions(options: IndexedDbStoreOptions) {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(knownOptions, name))
  if (unknown !== undefined) {
    throw new ConfigurationError(
      unknown,
      `is no option of indexedDbStore. There are ${Object.keys(knownOptions).join(', ')}.`,
    )
  }
  const { database = 'authchart', fallback, onFallback } = options
  if (typeof database !== 'string' || database === '') {
    throw new ConfigurationError('database', 'must be a non-empty string, such as "acme-sessions".')
  }
  if (fallback !== undefined && fallback !== 'memory') {
    throw new ConfigurationError('fallback', 'must be "memory", or absent.')
  }
  if (onFallback !== undefined && typeof onFallback !== 'function') {
    throw new ConfigurationError('onFallback', 'must be a function.')
  }
  return { database, fallback, onFallback }
}

import { callable, checkOptions, ruleOf, type StoreError, text } from '@authchart/core/store'

/** Where in the browser sessions are kept, and what happens where they cannot be. */
export interface IndexedDbStoreOptions {
  /** The name of the database, which holds nothing else. Default `authchart`. */
  readonly database?: string
  /**
   * What to do where the browser offers less than is needed. Default: calls fail with a `StoreError`.
   *
   * - `memory`: where there is no such store (IndexedDB missing or refused, no `CryptoKey` kept, no secure context),
   *   sessions last as long as the page and are not shared between tabs.
   * - `rawKey`: where the browser does not keep a `CryptoKey`, the bytes of the sealing key are kept beside the
   *   sessions. It gives up this: a copy of the profile holds all that it takes to read the tokens.
   */
  readonly fallback?: 'memory' | 'rawKey'
  /** Is told once that the fallback is used, and why. Default: nothing is told. */
  readonly onFallback?: (reason: StoreError) => void
}

const rules = {
  database: text,
  fallback: ruleOf('"memory" or "rawKey", or absent', (value) => value === 'memory' || value === 'rawKey'),
  onFallback: callable,
}

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError for an option that is malformed or unknown
 */
export function resolveStoreOptions(options: IndexedDbStoreOptions) {
  checkOptions(options, rules)
  const { database = 'authchart', fallback, onFallback = () => {} } = options
  return { database, fallback, onFallback }
}

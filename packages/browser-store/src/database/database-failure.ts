import { isStoreError, StoreError } from '@authchart/core'

/** What a database that failed means. What it threw is not passed on: it may hold what was written. */
export function describeDatabaseFailure(error: unknown): StoreError {
  if (isStoreError(error)) return error
  const name = error instanceof Error ? error.name : typeof error
  return new StoreError('storeUnavailable', messages[name] ?? `IndexedDB failed with a ${name}; try again later.`)
}

const refused =
  'IndexedDB is refused here, as in a page without an origin or where the user forbids it. Allow this site to keep data, or pass `fallback: "memory"` for sessions that end with the page.'

const messages: Readonly<Record<string, string>> = {
  QuotaExceededError: 'The space that the browser gives this site is used up; free some of it, and it is tried again.',
  SecurityError: refused,
  NotAllowedError: refused,
  NotFoundError: 'The database under this name is not one of ours; give `indexedDbStore` another `database`.',
}

import { isStoreError, StoreError } from '@authchart/core/store'

/** What a database that failed means. What it threw is not passed on: it may hold what was written. */
export function describeDatabaseFailure(error: unknown, database: string): StoreError {
  if (isStoreError(error)) return error
  const name = nameOf(error)
  const problem = messages[name] ?? `it failed with a ${name}; try again later.`
  return new StoreError('storeUnavailable', `The database ${JSON.stringify(database)} cannot be used: ${problem}`)
}

/** Whether a failure can pass: then it says nothing about what the browser can do. */
export function isPassing(error: unknown): boolean {
  return ['QuotaExceededError', 'TimeoutError'].includes(nameOf(error))
}

const refused =
  'it is refused, as in a page without an origin or where the user forbids it. Allow this site to keep data, or pass `fallback: "memory"` for sessions that end with the page.'

const messages: Readonly<Record<string, string>> = {
  QuotaExceededError: 'the space that the browser gives this site is used up; free some of it, and it is tried again.',
  SecurityError: refused,
  NotAllowedError: refused,
  NotFoundError: 'it is not one of ours; give `indexedDbStore` another `database`.',
  TimeoutError: 'the browser does not answer; it is tried again. If it stays so, close the other tabs of this site.',
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : typeof error
}

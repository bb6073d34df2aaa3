import { isStoreError, StoreError } from '@authchart/core/store'

/** Says what could not be done, and passes on what the system said of it: paths and codes, no content. */
export function toFileError(error: unknown, what: string): StoreError {
  if (isStoreError(error)) return error
  const code = errorCodeOf(error) ?? (error instanceof Error ? error.name : 'unknown error')
  return new StoreError('storeUnavailable', `Cannot ${what}: ${code}. The session is as it was; try again later.`, {
    cause: error,
  })
}

/** The system's code of an error, such as `ENOENT`. */
export function errorCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

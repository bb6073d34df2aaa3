import { isConfigurationError, isStoreError, StoreError } from '@authchart/core/store'

/**
 * What a driver threw, as a `StoreError`. Of the driver's error only its code is passed on: messages, details and
 * parameters can hold what was written.
 */
export function toStoreError(error: unknown, schema: string): Error {
  if (isStoreError(error) || isConfigurationError(error)) return error
  const code = codeOf(error)
  if (code === '42P01' || code === '3F000' || code === '42703') {
    return new StoreError(
      'storeMissing',
      `The tables of authchart are not in the schema "${schema}" of this database, or not those of this version: run the SQL of schemaSql({ schema: '${schema}' }) in your migrations.`,
    )
  }
  if (code === '42501') {
    return new StoreError(
      'storeMissing',
      `This role of PostgreSQL may not use the schema "${schema}": grant usage on it, and select, insert, update and delete on its tables.`,
    )
  }
  if (code === '25006') return replicaError()
  const name = error instanceof Error ? error.name : typeof error
  return new StoreError('storeUnavailable', `The database failed (${code ?? name}); try again later.`)
}

/** A replica answers: what it says may be old, and a refresh token that is old is spent. */
export function replicaError(): StoreError {
  return new StoreError('storeUnavailable', 'A read replica answers: let `query` go to the primary of PostgreSQL.')
}

/** Whether the same statement may succeed at once: a deadlock, or a conflict under `serializable`. */
export function isConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error) ?? '')
}

/** SQLSTATE, or the code of the system. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : undefined
}

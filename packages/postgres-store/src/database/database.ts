import { StoreError } from '@authchart/core/store'
import { isConflict, toStoreError } from './database-error.ts'
import type { Query, Row } from './query.ts'
import { monotonicNow, within } from './time.ts'

/** How long a statement may take, its wait for a connection included, in milliseconds. */
const statementMilliseconds = 10_000
/** How often a statement that met another is tried. */
const conflictAttempts = 3
/** A longer silence between two answers says nothing about the time between, in milliseconds. */
const silenceMilliseconds = 5_000

/** Runs statements, and knows for how long the database has answered. */
export interface Database {
  readonly schema: string
  /** @throws StoreError */
  run(sql: string, parameters: (string | null)[]): Promise<readonly Row[]>
  /** For how long every statement was answered, with no long silence between, in milliseconds. */
  inTouchMilliseconds(): number
  /** How long ago a statement failed last, in milliseconds. */
  sinceTroubleMilliseconds(): number
}

export function createDatabase({ query, schema }: { query: Query; schema: string }): Database {
  let answeredSince = Infinity
  let answeredLast = Number.NEGATIVE_INFINITY
  let troubleLast = Number.NEGATIVE_INFINITY

  async function runOnce(sql: string, parameters: (string | null)[]): Promise<readonly Row[]> {
    const began = monotonicNow()
    if (began - answeredLast > silenceMilliseconds) answeredSince = began
    try {
      const work = (async () => query(sql, parameters))()
      const rows = await within(work, { milliseconds: statementMilliseconds, late: lateError })
      if (!Array.isArray(rows)) throw rowsError()
      answeredLast = monotonicNow()
      return rows
    } catch (error) {
      if (!isConflict(error)) {
        answeredSince = Infinity
        answeredLast = Number.NEGATIVE_INFINITY
        troubleLast = monotonicNow()
      }
      throw error
    }
  }

  return {
    schema,
    async run(sql, parameters) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await runOnce(sql, parameters)
        } catch (error) {
          if (attempt < conflictAttempts && isConflict(error)) continue
          throw toStoreError(error, schema)
        }
      }
    },
    inTouchMilliseconds: () => Math.max(0, answeredLast - answeredSince),
    sinceTroubleMilliseconds: () => monotonicNow() - troubleLast,
  }
}

function rowsError(): StoreError {
  return new StoreError(
    'storeMissing',
    'What `query` gives is not an array of rows: give it the rows alone, as in (await pool.query(sql, parameters)).rows',
  )
}

function lateError(): StoreError {
  return new StoreError(
    'storeUnavailable',
    'The database did not answer in time; what was asked of it may still happen. Try again later.',
  )
}

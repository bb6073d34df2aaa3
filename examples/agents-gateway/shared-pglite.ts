/**
 * One PGlite for several processes: it lives in the primary, and workers ask it by messages. For trying things out:
 * `postgresStore` takes any function that runs a statement.
 */
import { type Query, type Row, schemaSql } from '@authchart/postgres-store'
import { PGlite } from '@electric-sql/pglite'
import { askPrimary } from './ask-primary.ts'

interface Statement {
  readonly sql: string
  readonly parameters: (string | null)[]
}

/** In the primary: a database in memory, with the tables, and what runs a worker's statement. */
export async function startPGlite(): Promise<{ run(statement: unknown): Promise<readonly Row[]> } & AsyncDisposable> {
  const database = await PGlite.create()
  await database.exec(schemaSql())
  return {
    async run(statement) {
      const { sql, parameters } = statement as Statement
      return (await database.query<Record<string, unknown>>(sql, parameters)).rows
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}

/** In a worker: runs a statement in the primary's. */
export const queryPrimary: Query = async (sql, parameters) =>
  (await askPrimary('statement', { sql, parameters } satisfies Statement)) as Row[]

import { StoreError } from '@authchart/core/store'
import type { Database } from '../database/database.ts'
import { textOf } from '../database/query.ts'
import { schemaVersion } from './schema-sql.ts'

/**
 * Resolves once the tables were seen to be those of this version; asks once, and again after a failure.
 * @throws StoreError `storeMissing`, naming the SQL to run
 */
export function createVersionCheck(database: Database): () => Promise<void> {
  let seen: Promise<void> | undefined
  return () => {
    seen ??= requireVersion(database).catch((error: unknown) => {
      seen = undefined
      throw error
    })
    return seen
  }
}

async function requireVersion(database: Database): Promise<void> {
  const { schema } = database
  const rows = await database.run(`select max(version)::text as version from "${schema}".meta`, [])
  const version = Number(textOf(rows[0], 'version') ?? 0)
  if (version === schemaVersion) return
  throw new StoreError(
    'storeMissing',
    version > schemaVersion
      ? `The tables in the schema "${schema}" are of version ${version}, made for a newer version of this package, which knows ${schemaVersion}: update this program.`
      : `The tables in the schema "${schema}" are of version ${version}, and this package needs ${schemaVersion}: run the SQL of schemaSql({ schema: '${schema}', after: ${version} }) in your migrations.`,
  )
}

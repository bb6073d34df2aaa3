import { isStoreError } from '@authchart/core/store'
import type { Database } from '../database/database.ts'
import { escapeText, unescapeText } from '../database/escape-text.ts'
import { type Row, textOf } from '../database/query.ts'
import type { Keyring } from '../seal/key-source.ts'
import type { RecordCodec } from './record-codec.ts'
import { recordColumns, recordRowOf, secretColumns } from './record-row.ts'
import { prefixClaims } from './row-pages.ts'
import type { SessionRows } from './session-rows.ts'

/** So many rows go in one statement. */
const rowsInStatement = 1_000

/** What `reseal` has done. */
export interface Resealed {
  /** How many records were sealed anew. */
  readonly resealed: number
  /** How many it could not read, or that were written meanwhile. */
  readonly skipped: number
  /** Where to go on; absent when there are no more. */
  readonly after?: string
}

/** Work for an operator, on many rows. Every method throws `StoreError`. */
export interface Maintenance {
  /**
   * Deletes sessions, their tombstones too: holders that have one open see it end as `recordRemoved`. Their tokens are not
   * revoked; sign out for that. Returns how many there were.
   */
  erase(which: { readonly keys: readonly string[] } | { readonly prefix: string }): Promise<number>
  /** Deletes sessions that were signed out or ended before a time, in milliseconds since the epoch; returns how many. */
  purge(options: { readonly olderThan: number }): Promise<number>
  /**
   * Seals records anew that were sealed under another key than the first. Sessions in use come to the new key by
   * themselves; this is for those at rest, before the old key goes.
   */
  reseal(options: { readonly limit: number; readonly after?: string }): Promise<Resealed>
}

export function createMaintenance(parts: {
  database: Database
  codec: RecordCodec
  keyring: Keyring
  rows: SessionRows
  onErased: (key: string) => void
}): Maintenance {
  const { database, codec, keyring, rows, onErased } = parts
  const { schema } = database

  async function eraseWhere(claims: string, parameters: string[]): Promise<number> {
    const limit = `$${parameters.length + 1}::int`
    const sql = `delete from "${schema}".session where key in
  (select key from "${schema}".session where ${claims} order by key limit ${limit} for update) returning key`
    let count = 0
    for (;;) {
      const erased = await database.run(sql, [...parameters, String(rowsInStatement)])
      for (const row of erased) onErased(keyOf(row))
      count += erased.length
      if (erased.length < rowsInStatement) return count
    }
  }

  return {
    async erase(which) {
      if ('prefix' in which) {
        const parameters: string[] = []
        const claims = prefixClaims(which.prefix, (value) => `$${parameters.push(value)}`)
        return eraseWhere(claims.join(' and '), parameters)
      }
      let count = 0
      for (let at = 0; at < which.keys.length; at += rowsInStatement) {
        const part = which.keys.slice(at, at + rowsInStatement).map(escapeText)
        count += await eraseWhere('key in (select json_array_elements_text($1::text::json))', [JSON.stringify(part)])
      }
      return count
    },

    async purge({ olderThan }) {
      const sql = `delete from "${schema}".session where key in
  (select key from "${schema}".session where status <> 'signedIn' and written_at < to_timestamp($1::float8 / 1000)
   limit $2::int for update skip locked) returning key`
      let count = 0
      for (;;) {
        const purged = await database.run(sql, [String(olderThan), String(rowsInStatement)])
        count += purged.length
        if (purged.length < rowsInStatement) return count
      }
    },

    async reseal({ limit, after }) {
      const current = await keyring.current()
      // One that is being refreshed is sealed anew by that.
      const sql = `select ${recordColumns}, ${secretColumns} from "${schema}".session s
where sealed is not null and key_id <> $1 and key > $2
  and not exists (select from "${schema}".lease l where l.key = s.key) order by key limit $3::int`
      const found = await database.run(sql, [current.id, escapeText(after ?? ''), String(limit)])
      let resealed = 0
      for (const row of found) {
        const record = recordRowOf(row)
        if (record !== undefined && (await resealRow(record.key, () => codec.decode(record)))) resealed += 1
      }
      const last = found.length < limit ? undefined : keyOf(found.at(-1))
      return { resealed, skipped: found.length - resealed, after: last }
    },
  }

  async function resealRow(key: string, decode: () => ReturnType<RecordCodec['decode']>): Promise<boolean> {
    try {
      const record = await decode()
      const next = { ...record, revision: crypto.randomUUID() }
      return await rows.compareAndSet(key, { expected: record.revision, next, under: undefined })
    } catch (error) {
      if (isStoreError(error) && !error.retryable) return false
      throw error
    }
  }
}

function keyOf(row: Row | undefined): string {
  return unescapeText(textOf(row, 'key') ?? '')
}

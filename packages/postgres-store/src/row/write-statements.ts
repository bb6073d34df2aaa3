import { presenceClass } from '../presence/presence.ts'
import { nonceBytes } from '../seal/seal.ts'
import type { EncodedRecord } from './record-codec.ts'
import type { RecordRow } from './record-row.ts'

/** What a write is to find in place: nothing, a revision, or exactly a row that could not be read. */
export type Expected =
  | { readonly kind: 'absent' }
  /** Escaped. */
  | { readonly kind: 'revision'; readonly revision: string }
  | { readonly kind: 'row'; readonly row: RecordRow }

/** Parameters of a statement, numbered as they come. */
function numbered(): { parameters: (string | null)[]; add(value: string | null): string } {
  const parameters: (string | null)[] = []
  return { parameters, add: (value) => `$${parameters.push(value)}` }
}

/** Waits for the disk even where the server is set not to; a standby that it waits for already stays waited for. */
const durably = `case when current_setting('synchronous_commit') in ('off', 'local')
  then set_config('synchronous_commit', 'on', true) end as durable`

export interface WriteStatement {
  readonly sql: string
  readonly parameters: (string | null)[]
}

/**
 * Writes a record if what is expected is there. Under a lease it also renews that, in the same statement, and writes
 * only where it is still held. Answers `written`, and under a lease `held` and `holder`.
 */
export function writeStatement(
  schema: string,
  options: {
    /** Escaped. */
    key: string
    expected: Expected
    record: EncodedRecord
    under: { holder: string; leaseMilliseconds: number } | undefined
  },
): WriteStatement {
  const { expected, record, under } = options
  const { parameters, add } = numbered()
  const key = add(options.key)
  const isHeld = under === undefined ? undefined : 'exists (select from mine)'
  const write =
    expected.kind === 'absent'
      ? insertSql(schema, { key, record, isHeld, add })
      : updateSql(schema, { key, expected, record, isHeld, add })
  const mine = under === undefined ? '' : `mine as (${renewSql(schema, { key, ...under, add })} returning 1), `
  const columns = ['exists (select from done)::text as written', durably]
  if (under !== undefined) {
    columns.push('exists (select from mine)::text as held')
    columns.push(`(select holder from "${schema}".lease where key = ${key}) as holder`)
  }
  return { sql: `with ${mine}done as (${write} returning 1)\nselect ${columns.join(', ')}`, parameters }
}

/** Renews a lease where it is still held: the row is ours, and it could not be taken over, since the lock is not free. */
function renewSql(
  schema: string,
  { key, holder, leaseMilliseconds, add }: { key: string; holder: string; leaseMilliseconds: number; add: Add },
): string {
  return `
  update "${schema}".lease set until = clock_timestamp() + ${add(String(leaseMilliseconds))}::int * interval '1 ms'
  where key = ${key} and holder = ${add(holder)}
    and (process is null or not pg_try_advisory_xact_lock_shared(${presenceClass}, process))`
}

type Add = (value: string | null) => string

function insertSql(
  schema: string,
  { key, record, isHeld, add }: { key: string; record: EncodedRecord; isHeld: string | undefined; add: Add },
): string {
  return `
  insert into "${schema}".session
    (key, revision, status, generation, expires_at, refreshed_at, written_at, clear, mac, key_id, sealed)
  select ${key}, ${add(record.revision)}, ${add(record.status)}, ${add(record.generation)}::bigint,
    to_timestamp(${add(record.expiresAt)}::float8 / 1000), clock_timestamp(), clock_timestamp(),
    ${add(record.clear)}, ${add(record.mac)}, ${add(record.keyId)}, ${bytes(add(record.sealed))}
  ${isHeld === undefined ? '' : `where ${isHeld}`}
  on conflict (key) do nothing`
}

function updateSql(
  schema: string,
  {
    key,
    expected,
    record,
    isHeld,
    add,
  }: {
    key: string
    expected: Exclude<Expected, { kind: 'absent' }>
    record: EncodedRecord
    isHeld: string | undefined
    add: Add
  },
): string {
  const generation = add(record.generation)
  // What stays sealed as it is is not written: an intent is small beside the tokens.
  const keepsSeal = expected.kind === 'revision' ? record.keepsSeal : null
  const sealed = keepsSeal === null ? `, key_id = ${add(record.keyId)}, sealed = ${bytes(add(record.sealed))}` : ''
  const claims = [`key = ${key}`]
  if (expected.kind === 'revision') claims.push(`revision = ${add(expected.revision)}`)
  else claims.push(...rowClaims(expected.row, add))
  if (keepsSeal !== null) claims.push(`substr(sealed, 1, ${nonceBytes}) = ${bytes(add(keepsSeal))}`)
  if (isHeld !== undefined) claims.push(isHeld)
  return `
  update "${schema}".session set revision = ${add(record.revision)}, status = ${add(record.status)},
    generation = ${generation}::bigint, expires_at = to_timestamp(${add(record.expiresAt)}::float8 / 1000),
    refreshed_at = case when generation = ${generation}::bigint then refreshed_at else clock_timestamp() end,
    written_at = clock_timestamp(), clear = ${add(record.clear)}, mac = ${add(record.mac)}${sealed}
  where ${claims.join(' and ')}`
}

function rowClaims(row: RecordRow, add: Add): string[] {
  const columns = { revision: row.revision, clear: row.clear, key_id: row.keyId, mac: row.mac }
  return [
    ...Object.entries(columns).map(([column, value]) => `${column} is not distinct from ${add(value)}`),
    `sealed is not distinct from ${bytes(add(row.sealed))}`,
  ]
}

/** Parameters are texts with every driver; the bytes take a quarter less of the row. */
function bytes(parameter: string): string {
  return `decode(${parameter}, 'base64')`
}

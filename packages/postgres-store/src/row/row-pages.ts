import { type SessionRecord, type SessionSummary, StoreError, summarizeRecord } from '@authchart/core/store'
import type { Database } from '../database/database.ts'
import { escapeText } from '../database/escape-text.ts'
import { parseClear } from './parse-clear.ts'
import { nameRow, type RecordRow, recordColumns, recordRowOf } from './record-row.ts'

/** Which sessions are listed. */
export interface PageFilter {
  /** Whose key begins so: those of a tenant, say. */
  readonly prefix?: string
  readonly status?: SessionRecord['status']
  /** Whose tokens are older, in milliseconds since the epoch by the clock of the database. */
  readonly refreshedBefore?: number
}

/** Options of `page`. */
export interface PageOptions extends PageFilter {
  /** The key of the last session on the page before. Default: none, for the first page. */
  readonly after?: string
  /** How many sessions at most. */
  readonly limit: number
}

/** Lists sessions from their clear parts, in the order of their keys' bytes. */
export interface RowPages {
  /** @throws StoreError */
  page(options: PageOptions): Promise<SessionSummary[]>
  /** @throws StoreError */
  list(): Promise<SessionSummary[]>
}

/** So many rows are read in one statement. */
const rowsInStatement = 500

export function createRowPages({
  database,
  onUnreadable,
}: {
  database: Database
  onUnreadable: (error: StoreError) => void
}): RowPages {
  const { schema } = database
  const told = new Set<string>()

  async function readRows(options: PageOptions): Promise<RecordRow[]> {
    const { sql, parameters } = pageStatement(schema, options)
    const rows = await database.run(sql, parameters)
    return rows.flatMap((row) => recordRowOf(row) ?? [])
  }

  async function summarize(row: RecordRow): Promise<SessionSummary | undefined> {
    const parsed = parseClear(row)
    if (parsed.kind === 'clear') return summarizeRecord(row.key, parsed.clear as SessionRecord)
    const name = await nameRow(row)
    if (told.has(name)) return undefined
    told.add(name)
    // What it throws, now or later, is the listing's to say.
    await onUnreadable(unlistedError(row.key, parsed.kind === 'unreadable' ? parsed.problem : undefined))
    return undefined
  }

  async function page(options: PageOptions): Promise<SessionSummary[]> {
    const found: SessionSummary[] = []
    let after = options.after
    while (found.length < options.limit) {
      const limit = Math.min(options.limit - found.length, rowsInStatement)
      const rows = await readRows({ ...options, after, limit })
      const summaries = await Promise.all(rows.map(summarize))
      found.push(...summaries.filter((summary) => summary !== undefined))
      if (rows.length < limit) break
      after = rows.at(-1)?.key
    }
    return found
  }

  return { page, list: () => page({ limit: Infinity }) }
}

function pageStatement(schema: string, options: PageOptions): { sql: string; parameters: (string | null)[] } {
  const { after, limit, prefix, status, refreshedBefore } = options
  const parameters: (string | null)[] = []
  const add = (value: string) => `$${parameters.push(value)}`
  const claims = prefix === undefined ? ['true'] : prefixClaims(prefix, add)
  if (after !== undefined) claims.push(`key > ${add(escapeText(after))}`)
  if (status !== undefined) claims.push(`status = ${add(status)}`)
  if (refreshedBefore !== undefined)
    claims.push(`refreshed_at < to_timestamp(${add(String(refreshedBefore))}::float8 / 1000)`)
  const sql = `select ${recordColumns} from "${schema}".session s
where ${claims.join(' and ')} order by key limit ${add(String(limit))}::int`
  return { sql, parameters }
}

/** As a range, which the index answers. */
export function prefixClaims(prefix: string, add: (value: string) => string): string[] {
  const from = escapeText(prefix)
  const codePoints = Array.from(from)
  const last = codePoints.pop()?.codePointAt(0)
  if (last === undefined) return ['true']
  const claims = [`key >= ${add(from)}`]
  // The next character there is; surrogates are none. After the very last one there is no end to the range.
  const next = last === 0xd7ff ? 0xe000 : last + 1
  if (next <= 0x10ffff) claims.push(`key < ${add(codePoints.join('') + String.fromCodePoint(next))}`)
  else claims.push(`starts_with(key, ${add(from)})`)
  return claims
}

function unlistedError(key: string, problem: string | undefined): StoreError {
  const named = `The session ${JSON.stringify(key)}`
  return problem === undefined
    ? new StoreError(
        'recordFromNewerVersion',
        `${named} was written by a newer version of authchart; it is not listed.`,
      )
    : new StoreError('recordUnreadable', `${named} is not listed: ${problem}. It was not changed.`)
}

import { type SessionRecord, StoreError } from '@authchart/core/store'
import { unescapeText } from '../database/escape-text.ts'
import { type Row, textOf } from '../database/query.ts'

/** A row of the table of sessions, as it was read. */
export interface RecordRow {
  readonly key: string
  /** Escaped, as it stands there. */
  readonly revision: string
  readonly keyId: string | null
  readonly clear: string
  readonly isSealed: boolean
  /** `null` too where it was not read. */
  readonly sealed: string | null
  readonly mac: string | null
}

/** A record without its secrets. */
export type ClearRecord = Omit<SessionRecord, 'secrets'>

/** The columns that make a `RecordRow`, for a `select`. */
export const recordColumns =
  's.key as key, s.revision as revision, s.key_id as sealer, s.clear as clear, (s.sealed is not null)::text as secret'
/** Those that only opening a record needs. */
export const secretColumns = `replace(encode(s.sealed, 'base64'), e'\\n', '') as sealed, s.mac as mac`

/** The row among columns that may all be null: a `left join` that found nothing. */
export function recordRowOf(row: Row | undefined): RecordRow | undefined {
  const key = textOf(row, 'key')
  if (key === null) return undefined
  return {
    key: unescapeText(key),
    revision: textOf(row, 'revision') ?? '',
    keyId: textOf(row, 'sealer'),
    clear: textOf(row, 'clear') ?? '',
    isSealed: textOf(row, 'secret') === 'true',
    sealed: textOf(row, 'sealed'),
    mac: textOf(row, 'mac'),
  }
}

/** Names exactly what a row holds: another row gets another name. */
export async function nameRow({ key, revision, keyId, clear, sealed, mac }: RecordRow): Promise<string> {
  const text = JSON.stringify([key, revision, keyId, clear, sealed, mac])
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** @throws StoreError `recordFromNewerVersion` */
export function refuseNewer(key: string): never {
  throw new StoreError(
    'recordFromNewerVersion',
    `The session ${JSON.stringify(key)} was written by a newer version of authchart; update this program. It was not changed.`,
  )
}

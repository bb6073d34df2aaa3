import { type ExpectedRecord, type SessionRecord, StoreError } from '@authchart/core/store'
import type { Database } from '../database/database.ts'
import { replicaError } from '../database/database-error.ts'
import { escapeText } from '../database/escape-text.ts'
import { textOf } from '../database/query.ts'
import type { HeldLease } from '../lease/held-lease.ts'
import { momentNow } from '../lease/remaining.ts'
import type { EncodedRecord, RecordCodec } from './record-codec.ts'
import { nameRow, type RecordRow, recordColumns, recordRowOf, secretColumns } from './record-row.ts'
import { type Expected, writeStatement } from './write-statements.ts'

/** The table of sessions, record by record. */
export interface SessionRows {
  /** @throws StoreError */
  read(key: string): Promise<SessionRecord | undefined>
  /** @throws StoreError */
  compareAndSet(
    key: string,
    write: { expected: ExpectedRecord; next: SessionRecord; under: HeldLease | undefined },
  ): Promise<boolean>
}

export function createSessionRows({ database, codec }: { database: Database; codec: RecordCodec }): SessionRows {
  const { schema } = database
  const readSql = `select ${recordColumns}, ${secretColumns}, pg_is_in_recovery()::text as replica
from (select $1::text as wanted) w left join "${schema}".session s on s.key = w.wanted`

  const unsent = new Map<string, Promise<SessionRecord | undefined>>()

  async function readRow(key: string): Promise<RecordRow | undefined> {
    const [row] = await database.run(readSql, [escapeText(key)])
    if (textOf(row, 'replica') !== 'false') throw replicaError()
    return recordRowOf(row)
  }

  async function send(key: string): Promise<SessionRecord | undefined> {
    await Promise.resolve()
    unsent.delete(key)
    const row = await readRow(key)
    return row && codec.decode(row)
  }

  async function write(
    key: string,
    { expected, record, under }: { expected: Expected; record: EncodedRecord; under: HeldLease | undefined },
  ): Promise<boolean> {
    const sent = momentNow()
    const { sql, parameters } = writeStatement(schema, {
      key: escapeText(key),
      expected,
      record,
      under: under && { holder: under.holder, leaseMilliseconds: under.leaseMilliseconds },
    })
    const [row] = await database.run(sql, parameters)
    if (under !== undefined) {
      if (textOf(row, 'held') === 'true') under.confirm(sent)
      else if (textOf(row, 'holder') !== under.holder) under.lose()
      // The row is ours, but the lock of this process is not held: its connection is being made anew.
      else throw new StoreError('storeUnavailable', 'The lease cannot be proven to be held just now; try again later.')
    }
    return textOf(row, 'written') === 'true'
  }

  async function expect(key: string, expected: ExpectedRecord): Promise<Expected | undefined> {
    if (expected === undefined) return { kind: 'absent' }
    if (typeof expected === 'string') return { kind: 'revision', revision: escapeText(expected) }
    const row = await readRow(key)
    return row !== undefined && (await nameRow(row)) === expected.unreadable ? { kind: 'row', row } : undefined
  }

  return {
    read(key) {
      // A hint makes several ask at once: what is sent after all of them have asked answers all of them.
      const coming = unsent.get(key) ?? send(key)
      unsent.set(key, coming)
      return coming
    },

    async compareAndSet(key, { expected, next, under }) {
      const record = await codec.encode(key, next)
      const found = await expect(key, expected)
      return found !== undefined && write(key, { expected: found, record, under })
    },
  }
}

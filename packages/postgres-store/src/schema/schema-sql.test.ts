import { expect, test } from 'vitest'
import { schemaSql } from './schema-sql.ts'

test('gives the SQL of every version, by its number, for the schema that is named', () => {
  const sql = schemaSql({ schema: 'acme_sessions' })
  expect(sql).toMatch(/^-- authchart 1\ncreate schema if not exists "acme_sessions";/)
  expect(sql).not.toMatch(/"authchart"/)
})

test('gives nothing after the newest version', () => {
  expect(schemaSql({ after: 1 })).toBe('')
})

test.each(['', 'two words', '"; drop schema public', 'ä', 'x'.repeat(64)])('refuses %j as a schema', (schema) => {
  expect(() => schemaSql({ schema })).toThrow(/`schema` must be a name/)
})

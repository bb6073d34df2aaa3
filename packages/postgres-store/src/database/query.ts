/**
 * Runs one statement on the primary, in a transaction of its own, and returns its rows.
 *
 * Texts and null go in, columns of text come out; nothing else crosses this line, since drivers differ on everything
 * else. It must not run inside a transaction of the app: what the store calls durable would still be undone with it.
 */
export type Query = (sql: string, parameters: (string | null)[]) => Promise<readonly Row[]>

/** A row, by the names of its columns. Each is one word in small letters, which drivers that rename columns leave alone. */
export type Row = Readonly<Record<string, unknown>>

/** A column of text; `null` where it is null, or not there. */
export function textOf(row: Row | undefined, column: string): string | null {
  const value = row?.[column]
  return typeof value === 'string' ? value : null
}

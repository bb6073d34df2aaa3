import type { Tab } from './harness/tab.ts'

/** The record of `acme:alice` as it lies in the database: its status and generation, and whether there are secrets. */
export async function readRecord(tab: Tab): Promise<{ status?: string; generation?: number; sealed: boolean }> {
  const entries = JSON.parse(await readEntries(tab)) as { name: string[]; value: StoredValue }[]
  const { record, sealed } = entries.find(({ name }) => name[1] === 'acme:alice')?.value ?? {}
  return { ...record, sealed: sealed !== undefined }
}

interface StoredValue {
  readonly record?: { readonly status?: string; readonly generation?: number }
  readonly sealed?: unknown
}

/** All that lies in the database, as a program could print it: bytes as the text that they are of. */
export function readEntries(tab: Tab): Promise<string> {
  return tab.run(
    () =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open('authchart')
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const entries = opening.result.transaction('entries').objectStore('entries')
          const found: unknown[] = []
          entries.openCursor().onsuccess = ({ target }) => {
            const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result
            if (cursor === null) {
              opening.result.close()
              return resolve(JSON.stringify(found, printBytes))
            }
            found.push({ name: cursor.key, value: cursor.value })
            cursor.continue()
          }
        }
        function printBytes(_name: string, value: unknown): unknown {
          if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder('latin1').decode(value)
          return value
        }
      }),
  )
}

import type { Tab } from './harness/tab.ts'

/** The record of `acme:alice` as it lies in the database: its status and generation, and whether there are secrets. */
export async function readRecord(tab: Tab): Promise<{ status?: string; generation?: number; sealed: boolean }> {
  const entry = await tab.run(
    () =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open('authchart')
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const reading = opening.result.transaction('entries').objectStore('entries').get(['record', 'acme:alice'])
          reading.onsuccess = () => {
            const { record, sealed } = reading.result ?? {}
            opening.result.close()
            resolve(JSON.stringify({ status: record?.status, generation: record?.generation, sealed: Boolean(sealed) }))
          }
        }
      }),
  )
  return JSON.parse(entry) as { status?: string; generation?: number; sealed: boolean }
}

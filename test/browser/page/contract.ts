import { indexedDbStore } from '@authchart/browser-store'
import { type StoreContractCase, storeContract } from '@authchart/core/testing'
import { createStore, set } from 'idb-keyval'

let cases: Promise<StoreContractCase[]> | undefined
let places = 0

/** The contract of stores, for a database of its own each. */
function contract(): Promise<StoreContractCase[]> {
  cases ??= storeContract(createPlace, { cryptoKeys: 'kept', patienceMilliseconds: 30_000 })
  return cases
}

function createPlace() {
  places += 1
  const database = `contract-${places}`
  return {
    open: () => indexedDbStore({ database }),
    corrupt: (key: string) => set(['record', key], 'torn', createStore(database, 'entries')),
    remove: () =>
      new Promise<void>((resolve, reject) => {
        const deletion = indexedDB.deleteDatabase(database)
        deletion.onsuccess = () => resolve()
        deletion.onerror = () => reject(deletion.error)
      }),
    async takeLease(key: string) {
      await navigator.locks.request(`authchart:${database}:${key}`, { steal: true }, () => {})
    },
    async [Symbol.asyncDispose]() {
      indexedDB.deleteDatabase(database)
    },
  }
}

/** The names of the cases. */
export async function contractCases(): Promise<string[]> {
  return (await contract()).map(({ name }) => name)
}

/** Runs the case of a name. */
export async function runContractCase(name: string): Promise<void> {
  await (await contract()).find((each) => each.name === name)?.run()
}

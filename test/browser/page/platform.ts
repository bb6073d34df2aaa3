/**
 * What a test does to the browser under the app: connections that are lost, IndexedDB refused, space used up, a clock
 * that is wrong.
 */

/** The connections to databases that this page has opened, in order. */
const connections: IDBDatabase[] = []
let isRefused = false
let isLostAfterEach = false

if (typeof IDBFactory !== 'undefined') {
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function (...parameters) {
    if (isRefused) throw new DOMException('Refused', 'SecurityError')
    if (silent.opens > 0) {
      silent.opens -= 1
      return {} as IDBOpenDBRequest
    }
    const request = open.apply(this, parameters)
    request.addEventListener('success', () => connections.push(request.result))
    return request
  }
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (...parameters) {
    const begun = transaction.apply(this, parameters)
    if (silent.transactions > 0 && parameters[2] !== undefined) {
      silent.transactions -= 1
      begun.objectStore = () => silentStore
    }
    // Ours, and not the one by which idb-keyval opens. What has begun is completed, and nothing can begin any more.
    if (isLostAfterEach && parameters[2] !== undefined) this.close()
    return begun
  }
}

/** Closes the connections, as a browser does without a word. */
function loseConnections(): void {
  for (const connection of connections.splice(0)) connection.close()
}

/** Loses the connection after each transaction. */
function loseAfterEach(): void {
  isLostAfterEach = true
}

/** Refuses IndexedDB from now on, or offers it again. */
function refuseDatabases(refused: boolean): void {
  isRefused = refused
  if (refused) loseConnections()
}

/** How this browser treats a `CryptoKey` that is put into a database, as versions and modes of Safari do. */
type KeyTreatment = 'kept' | 'refused' | 'dropped' | 'nulled' | 'all nulled'
let keyTreatment: KeyTreatment = 'kept'

const holdsKey = (value: unknown): boolean =>
  value instanceof CryptoKey ||
  (typeof value === 'object' && value !== null && Object.values(value as object).some(holdsKey))

const withoutKeys = (value: unknown): unknown => {
  if (value instanceof CryptoKey) return null
  if (!holdsKey(value)) return value
  if (Array.isArray(value)) return value.map(withoutKeys)
  return Object.fromEntries(Object.entries(value as object).map(([name, part]) => [name, withoutKeys(part)]))
}

if (typeof IDBObjectStore !== 'undefined') {
  const { put, get } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = function (value, name) {
    if (keyTreatment === 'kept' || !holdsKey(value)) return put.call(this, value, name)
    if (keyTreatment === 'refused') throw new DOMException('The object can not be cloned.', 'DataCloneError')
    if (keyTreatment === 'dropped') return get.call(this, 'nothing') as IDBRequest<IDBValidKey>
    return put.call(this, keyTreatment === 'nulled' ? withoutKeys(value) : null, name)
  }
}

/** Treats a `CryptoKey` so from now on. */
function treatKeys(treatment: KeyTreatment): void {
  keyTreatment = treatment
}

/** How many of the next calls never get an answer. */
const silent = { opens: 0, transactions: 0 }

/** Leaves so many calls without an answer, as WebKit sometimes does with the first ones. */
function keepSilent(calls: Partial<typeof silent>): void {
  Object.assign(silent, calls)
  // So that the next call opens.
  if (silent.opens > 0) loseConnections()
}

/** Uses up all the space that this origin is given. */
async function fillSpace(): Promise<void> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open('filler')
    opening.onupgradeneeded = () => opening.result.createObjectStore('filling', { autoIncrement: true })
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error)
  })
  for (let size = 64_000; size > 16; ) {
    const bytes = crypto.getRandomValues(new Uint8Array(size))
    const isTaken = await new Promise((resolve) => {
      const transaction = database.transaction('filling', 'readwrite')
      transaction.objectStore('filling').put(bytes)
      transaction.oncomplete = () => resolve(true)
      transaction.onabort = () => resolve(false)
    })
    if (!isTaken) size = Math.floor(size / 2)
  }
  database.close()
}

/** Whose requests are never answered. */
const silentStore = new Proxy({} as IDBObjectStore, { get: () => () => ({}) })

const systemNow = Date.now.bind(Date)

/** Makes the wall clock of this page so much ahead of the real one; timers do not notice. */
function setClockOn(milliseconds: number): void {
  Date.now = () => systemNow() + milliseconds
}

/** What a test can do to the browser under the app. */
export const platform = { loseAfterEach, refuseDatabases, treatKeys, keepSilent, fillSpace, setClockOn }

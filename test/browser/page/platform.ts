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
    const request = open.apply(this, parameters)
    request.addEventListener('success', () => connections.push(request.result))
    return request
  }
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (...parameters) {
    const begun = transaction.apply(this, parameters)
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

const systemNow = Date.now.bind(Date)

/** Makes the wall clock of this page so much ahead of the real one; timers do not notice. */
function setClockOn(milliseconds: number): void {
  Date.now = () => systemNow() + milliseconds
}

/** What a test can do to the browser under the app. */
export const platform = { loseAfterEach, refuseDatabases, fillSpace, setClockOn }

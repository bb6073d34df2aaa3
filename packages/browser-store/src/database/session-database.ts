import { createStore, type UseStore } from 'idb-keyval'

/** A database of the browser that opens when it is first used, and again after its connection was lost. */
export interface SessionDatabase {
  readonly name: string
  /**
   * Runs `work` in one transaction; resolves with what it returns once the transaction is complete and on disk. `work`
   * must await nothing but requests of that transaction: it would be over.
   *
   * @throws what the browser says, as it is; a `TimeoutError` where it says nothing
   */
  transact<Value>(mode: IDBTransactionMode, work: (entries: IDBObjectStore) => Promise<Value>): Promise<Value>
}

const objectStoreName = 'entries'

/**
 * How long the browser may take for a transaction, and for opening the database before it, in milliseconds. Some never
 * answer the first call, and answer the next at once: https://bugs.webkit.org/show_bug.cgi?id=226547
 */
const answerMilliseconds = 4_000

/**
 * @param options `onLost` is called when the browser takes the connection away, or when the database is deleted or
 * upgraded: what it holds may be another by now
 */
export function createSessionDatabase(name: string, { onLost }: { onLost: () => void }): SessionDatabase {
  let open: UseStore | undefined

  function lose(connection: UseStore): void {
    if (open === connection) open = undefined
  }

  async function transactOn<Value>(
    connection: UseStore,
    mode: IDBTransactionMode,
    work: (entries: IDBObjectStore) => Promise<Value>,
  ): Promise<Value> {
    let giveUp = () => {
      // The database is not open. Should it be one day, it must not stand in the way of an upgrade.
      void connection('readonly', ({ transaction: { db } }) => db.close()).catch(() => {})
    }
    const answer = connection('readonly', ({ transaction: { db } }) => {
      listenForLoss(db, () => {
        lose(connection)
        onLost()
      })
      // Not the transaction of idb-keyval: a browser may call that one complete before it is on disk.
      const transaction = db.transaction(objectStoreName, mode, { durability: 'strict' })
      giveUp = () => {
        abort(transaction)
        db.close()
      }
      return complete(transaction, work)
    })
    return inTime(answer, () => giveUp())
  }

  function connect(): UseStore {
    open ??= createStore(name, objectStoreName)
    return open
  }

  return {
    name,
    async transact(mode, work) {
      const connection = connect()
      try {
        return await transactOn(connection, mode, work)
      } catch (error) {
        // idb-keyval opens anew after a `close` event only, which does not come for every connection that is lost, and
        // does not try again what failed by it: https://github.com/jakearchibald/idb-keyval/issues/165
        if (!isConnectionLost(error)) throw error
        lose(connection)
        return transactOn(connect(), mode, work)
      }
    },
  }
}

/** What a promise comes to, unless it takes too long: then `giveUp` is called, and a `TimeoutError` thrown. */
async function inTime<Value>(answer: Promise<Value>, giveUp: () => void): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new DOMException('The database does not answer', 'TimeoutError'))
    giveUp()
  }, answerMilliseconds)
  // Its failure is not unhandled when it comes too late.
  answer.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function listenForLoss(db: IDBDatabase, onLoss: () => void): void {
  db.onversionchange = () => {
    // A deletion or an upgrade waits until every connection is closed.
    db.close()
    onLoss()
  }
  db.onclose = onLoss
}

async function complete<Value>(
  transaction: IDBTransaction,
  work: (entries: IDBObjectStore) => Promise<Value>,
): Promise<Value> {
  const completed = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new DOMException('The transaction ended', 'AbortError'))
  })
  // What `work` throws says more, and comes first.
  completed.catch(() => {})
  const stopWatching = watchFreeze(() => abort(transaction))
  try {
    const value = await work(transaction.objectStore(objectStoreName))
    await completed
    return value
  } finally {
    stopWatching()
  }
}

/**
 * A page that is frozen during a transaction never ends it, and no other tab could write: it is given up, and made again
 * when the page goes on.
 * @see https://wicg.github.io/page-lifecycle/
 */
function watchFreeze(onFreeze: () => void): () => void {
  const { document } = globalThis as Partial<typeof globalThis>
  document?.addEventListener('freeze', onFreeze)
  return () => document?.removeEventListener('freeze', onFreeze)
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It is complete.
  }
}

const namesOfLoss: ReadonlySet<string> = new Set(['InvalidStateError', 'AbortError', 'UnknownError', 'TimeoutError'])

/** Whether the connection is at fault: closed without a word, closed by force, torn by the browser, or silent. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof DOMException && namesOfLoss.has(error.name)
}

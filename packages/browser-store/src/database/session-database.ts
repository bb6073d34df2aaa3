import { createStore, type UseStore } from 'idb-keyval'

/** A database of the browser that opens when it is first used, and again after its connection was lost. */
export interface SessionDatabase {
  /**
   * Runs `work` in one transaction; resolves with what it returns once the transaction is complete and on disk. `work`
   * must await nothing but requests of that transaction: it would be over.
   *
   * @throws what the browser says, as it is
   */
  transact<Value>(mode: IDBTransactionMode, work: (entries: IDBObjectStore) => Promise<Value>): Promise<Value>
}

const objectStoreName = 'entries'

/**
 * @param options `onLost` is called when the browser takes the connection away, or somebody deletes or upgrades the
 * database: what it holds may be another by now
 */
export function createSessionDatabase(name: string, { onLost }: { onLost: () => void }): SessionDatabase {
  let open: UseStore | undefined

  function lose(connection: UseStore): void {
    if (open === connection) open = undefined
  }

  function transactOn<Value>(
    connection: UseStore,
    mode: IDBTransactionMode,
    work: (entries: IDBObjectStore) => Promise<Value>,
  ): Promise<Value> {
    return connection('readonly', ({ transaction: { db } }) => {
      db.onversionchange = () => {
        // Whoever wants to delete or upgrade the database waits until everybody has let go of it.
        db.close()
        lose(connection)
        onLost()
      }
      db.onclose = () => {
        lose(connection)
        onLost()
      }
      // Not the transaction of idb-keyval: a browser may call that one complete before it is on disk.
      return complete(db.transaction(objectStoreName, mode, { durability: 'strict' }), work)
    })
  }

  function connect(): UseStore {
    open ??= createStore(name, objectStoreName)
    return open
  }

  return {
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

const namesOfLoss: ReadonlySet<string> = new Set(['InvalidStateError', 'AbortError', 'UnknownError'])

/** Whether the connection is at fault: closed without a word, closed by force, or torn by the browser's backend. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof DOMException && namesOfLoss.has(error.name)
}

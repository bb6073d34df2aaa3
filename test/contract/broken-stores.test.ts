import { memoryStore, type SessionStore, StoreError } from '@authchart/core'
import { type SessionRecord, type SessionSummary, summarizeRecord } from '@authchart/core/store'
import { type StorePlace, storeContract } from '@authchart/core/testing'
import { expect, test } from 'vitest'

/** How a store can break the contract, and what the statement says that finds it out. */
const breaches: Record<string, { place: () => StorePlace; foundBy: RegExp }> = {
  'writes without comparing': {
    place: spoil((store) => ({
      async compareAndSet(key, _revision, next) {
        const revision = (await store.read(key))?.revision
        return store.compareAndSet(key, revision, next)
      },
    })),
    foundBy: /^writes over the revision that was read/,
  },
  'compares before it is its turn to write': {
    place: spoil((store) => ({
      async compareAndSet(key, expectedRevision, next) {
        const revision = (await store.read(key))?.revision
        await new Promise((resolve) => setTimeout(resolve, 1))
        return revision === expectedRevision && store.compareAndSet(key, (await store.read(key))?.revision, next)
      },
    })),
    foundBy: /^lets one of many writers win/,
  },
  'keeps nothing for a store that is opened later': {
    place: () => ({ open: memoryStore }),
    foundBy: /^keeps what was written/,
  },
  'keeps only what it knows': {
    place: spoil((store) => ({
      async read(key) {
        const record = await store.read(key)
        return record && ({ ...record, fieldOfTheFuture: undefined } as SessionRecord)
      },
    })),
    foundBy: /^keeps fields that it does not know/,
  },
  'shortens what is big': {
    place: spoil((store) => ({
      async read(key) {
        const record = await store.read(key)
        return JSON.stringify(record ?? null).length > 100_000 ? undefined : record
      },
    })),
    foundBy: /^keeps records of half a megabyte/,
  },
  'takes keys for the same that differ in case': {
    place: spoil((store) => ({
      read: (key) => store.read(key.toLowerCase()),
      compareAndSet: (key, revision, next) => store.compareAndSet(key.toLowerCase(), revision, next),
    })),
    foundBy: /^P22/,
  },
  'lends the lease to all who ask': {
    place: spoil(() => ({ lease: async (_key, { signal }) => memoryStore().lease('', { signal }) })),
    foundBy: /^lends the lease to one at a time/,
  },
  'lends one lease for all sessions': {
    place: spoil((store) => ({ lease: (_key, options) => store.lease('the only one', options) })),
    foundBy: /^P21/,
  },
  'goes on waiting for the lease': {
    place: spoil((store) => ({ lease: (key) => store.lease(key, { signal: new AbortController().signal }) })),
    foundBy: /^P19 leaves the line/,
  },
  'gives another reason': {
    place: spoil((store) => ({
      lease: (key, options) =>
        store.lease(key, options).catch((error: unknown) => {
          throw options.signal.aborted ? new StoreError('storeUnavailable', 'Aborted.') : error
        }),
    })),
    foundBy: /^P19 leaves the line/,
  },
  'takes a lease that was given back for lost': {
    place: spoil((store) => ({
      async lease(key, options) {
        const lease = await store.lease(key, options)
        const lost = new AbortController()
        return {
          lost: lost.signal,
          async [Symbol.asyncDispose]() {
            lost.abort()
            await lease[Symbol.asyncDispose]()
          },
        }
      },
    })),
    foundBy: /^counts a lease as not lost/,
  },
  'writes under a lease that another has': { place: () => leaseThatRunsOut(500), foundBy: /^P93 writes nothing/ },
  'says that a lease lasts which was given back': { place: () => leaseThatRunsOut(500), foundBy: /^P93 says how long/ },
  'gives no hints': { place: spoil(() => ({ watch: () => () => {} })), foundBy: /^hints at a write/ },
  'goes on hinting': {
    place: spoil((store) => ({
      watch(key, listener) {
        store.watch(key, listener)
        return () => {}
      },
    })),
    foundBy: /^hints at a write/,
  },
  'lists secrets': {
    place: spoil((store) => ({
      async list() {
        const summaries = await store.list()
        const records = await Promise.all(summaries.map(({ key }) => store.read(key)))
        return records.flatMap((record, index): SessionSummary[] => {
          const key = summaries[index]?.key ?? ''
          return record === undefined ? [] : [{ ...record, ...summarizeRecord(key, record) }]
        })
      },
    })),
    foundBy: /^P45/,
  },
  'gives a session on two pages': {
    place: spoil((store) => ({
      page: async ({ after, limit }) => {
        const summaries = await store.list()
        const index = summaries.findIndex(({ key }) => key === after)
        return summaries.slice(Math.max(index, 0), Math.max(index, 0) + limit)
      },
    })),
    foundBy: /^P87/,
  },
  'has no token for what it cannot read': {
    place: spoilRecords(() => ({ token: undefined })),
    foundBy: /^P45 throws for a record/,
  },
  'replaces for a token more than it named': {
    place: spoilRecords(() => ({ token: 'any', replacesAlways: true })),
    foundBy: /^P82 does not replace a record that it can read/,
  },
  'is against a sign-in that replaces what it cannot read': {
    place: spoilRecords((store) => ({ token: 'any', check: async (key) => void (await store.read(key)) })),
    foundBy: /^P82 has nothing against a sign-in/,
  },
  'says nothing of a place that was removed': {
    place: () => {
      const store = memoryStore()
      return { open: () => store, remove: () => {} }
    },
    foundBy: /^P76/,
  },
  'loses what it cannot keep': {
    place: spoil((store) => ({
      compareAndSet: (key, revision, next) =>
        store.compareAndSet(key, revision, JSON.parse(JSON.stringify(next)) as SessionRecord),
    })),
    foundBy: /^keeps a proof key that cannot be exported/,
  },
}

test.each(Object.entries(breaches))('the contract finds out a store that %s', async (_name, { place, foundBy }) => {
  const cases = await storeContract(place, { cryptoKeys: 'kept', patienceMilliseconds: 200 })
  const broken = await Promise.all(
    cases.map(({ name, run }) =>
      run().then(
        () => [],
        (error: Error) => [{ name, message: error.message }],
      ),
    ),
  )
  expect(broken.flat()).toContainEqual({
    name: expect.stringMatching(foundBy),
    message: expect.stringMatching(/^The store breaks its contract: /),
  })
})

/** A place with a store in memory that does some things wrong. */
function spoil(change: (store: SessionStore) => Partial<SessionStore>): () => StorePlace {
  return () => {
    const store = memoryStore()
    const spoilt: SessionStore = { ...store, ...change(store) }
    return { open: () => spoilt }
  }
}

/** The same, where records can be spoilt. */
function spoilRecords(
  change: (store: SessionStore) => {
    token: string | undefined
    replacesAlways?: boolean
    check?: SessionStore['check']
  },
): () => StorePlace {
  return () => {
    const store = memoryStore()
    const spoilt = new Set<string>()
    const unreadable = () => new StoreError('recordUnreadable', 'Torn.', { replaceToken: change(store).token })
    const broken: SessionStore = {
      ...store,
      async read(key) {
        if (spoilt.has(key)) throw unreadable()
        return store.read(key)
      },
      async compareAndSet(key, expected, next) {
        if (typeof expected !== 'object') {
          if (spoilt.has(key)) throw unreadable()
          return store.compareAndSet(key, expected, next)
        }
        const isReplaced = spoilt.delete(key) || change(store).replacesAlways === true
        return isReplaced && store.compareAndSet(key, (await store.read(key))?.revision, next)
      },
      list: async () => (await store.list()).filter(({ key }) => !spoilt.has(key)),
      check: (key) => change(broken).check?.(key) ?? Promise.resolve(),
    }
    return { open: () => broken, corrupt: (key) => void spoilt.add(key) }
  }
}

/** A place whose leases say that they run out, always with the same time left; nothing comes of that. */
function leaseThatRunsOut(milliseconds: number): StorePlace {
  const place = spoil((store) => ({
    async lease(key, options) {
      return { ...(await store.lease(key, options)), remainingMilliseconds: () => milliseconds }
    },
  }))()
  return { ...place, takeLease: () => {} }
}

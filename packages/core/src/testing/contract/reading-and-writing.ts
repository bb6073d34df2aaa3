import type { SessionRecord } from '../../store/session-record.ts'
import type { SessionStore } from '../../store/session-store.ts'
import { createContractRecord, contractKey as key, putRecord } from './contract-records.ts'
import { expectEqual, expectThat, within } from './expectations.ts'
import type { ContractStatement } from './store-place.ts'

/** Reading, and comparing before writing. */
export const readingAndWriting: readonly ContractStatement[] = [
  {
    name: 'reads undefined where nothing was written',
    async hold({ place }) {
      expectEqual(await (await place.open()).read(key), undefined, 'what was read')
    },
  },
  {
    name: 'writes the first record only where there is none',
    async hold({ place }) {
      const store = await place.open()
      const refused = await store.compareAndSet(key, 'revision-0', createContractRecord())
      expectThat(!refused, 'a record was written over a revision that was not there.')
      expectEqual(await store.read(key), undefined, 'what a refused write left')
      const first = await putRecord(store)
      const second = await store.compareAndSet(key, undefined, createContractRecord({ revision: 'revision-2' }))
      expectThat(!second, 'a first record was written over another.')
      expectEqual(await store.read(key), first, 'what was read')
    },
  },
  {
    name: 'writes over the revision that was read, and not over another, by any store',
    async hold({ place }) {
      const [store, other] = [await place.open(), await place.open()]
      await putRecord(store)
      const next = createContractRecord({ revision: 'revision-2', generation: 6 })
      expectThat(!(await other.compareAndSet(key, 'revision-0', next)), 'a wrong revision was written over.')
      expectThat(await other.compareAndSet(key, 'revision-1', next), 'the right revision was not written over.')
      const late = createContractRecord({ revision: 'revision-3' })
      expectThat(!(await store.compareAndSet(key, 'revision-1', late)), 'a revision of the past was written over.')
      expectEqual(await store.read(key), next, 'what was read')
    },
  },
  {
    name: 'lets one of many writers win who all read the same',
    async hold({ place, options: { patienceMilliseconds } }) {
      const stores = [await place.open(), await place.open(), await place.open(), await place.open()]
      await putRecord(stores[0] as SessionStore)
      const writes = Array.from({ length: 24 }, (_, index) =>
        (stores[index % stores.length] as SessionStore).compareAndSet(
          key,
          'revision-1',
          createContractRecord({ revision: `by-${index}` }),
        ),
      )
      const work = Promise.all(writes)
      const written = await within(patienceMilliseconds, { what: 'writing 24 times at once', work })
      expectEqual(written.filter(Boolean).length, 1, 'the number of writers who won')
      const record = await (await place.open()).read(key)
      expectEqual(record?.revision, `by-${written.indexOf(true)}`, 'the revision of the winner')
    },
  },
  {
    name: 'loses no write of many who count up together',
    async hold({ place, options: { patienceMilliseconds } }) {
      const stores = [await place.open(), await place.open(), await place.open()]
      await putRecord(stores[0] as SessionStore, createContractRecord({ counter: 0 }))
      const work = Promise.all(stores.map((store, index) => countUp(store, { by: `writer-${index}`, times: 8 })))
      await within(patienceMilliseconds * 3, { what: 'counting to 24 together', work })
      expectEqual(counterOf(await (await place.open()).read(key)), 24, 'the count')
    },
  },
  {
    name: 'keeps what was written for a store that is opened later',
    async hold({ place }) {
      const record = await putRecord(await place.open())
      expectEqual(await (await place.open()).read(key), record, 'what the later store read')
    },
  },
  {
    name: 'keeps nothing in common with what was written or read',
    async hold({ place }) {
      const store = await place.open()
      const written = createContractRecord()
      await putRecord(store, written)
      Object.assign(written.identity, { subject: 'changed after writing' })
      const read = await store.read(key)
      Object.assign(read?.secrets?.tokenSet ?? {}, { accessToken: 'changed after reading' })
      expectEqual(await store.read(key), createContractRecord(), 'what was read')
    },
  },
]

interface Counted {
  readonly counter?: number
}

function counterOf(record: SessionRecord | undefined): number {
  return (record as Counted | undefined)?.counter ?? Number.NaN
}

async function countUp(store: SessionStore, { by, times }: { by: string; times: number }): Promise<void> {
  for (let count = 0; count < times; ) {
    const record = await store.read(key)
    expectThat(record !== undefined, 'a record was gone that had not been removed.')
    const next = createContractRecord({ revision: `${by}-${count}`, counter: counterOf(record) + 1 })
    if (await store.compareAndSet(key, record.revision, next)) count += 1
  }
}

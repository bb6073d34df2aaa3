import { createContractRecord, contractKey as key, never, putRecord } from './contract-records.ts'
import { expectEqual, expectStoreError, expectThat } from './expectations.ts'
import type { ContractStatement } from './store-place.ts'

/** For places in which a record can be spoilt. */
export const unreadableRecords: readonly ContractStatement[] = [
  {
    name: 'P45 throws for a record that is none, writes nothing over it, and lists all others',
    async hold({ place }) {
      const writer = await place.open()
      await putRecord(writer)
      await putRecord(writer, createContractRecord(), 'acme:bob')
      await place.corrupt?.(key)
      for (const store of [writer, await place.open()]) {
        const codes = ['recordUnreadable'] as const
        await expectStoreError(() => store.read(key), { what: 'reading what is no record', codes })
        for (const revision of [undefined, 'revision-1']) {
          const next = createContractRecord({ revision: 'revision-2' })
          const isWritten = await store.compareAndSet(key, revision, next).catch(() => false)
          expectThat(!isWritten, 'what could not be read was written over.')
        }
        const listed = (await store.list()).map((summary) => summary.key)
        expectEqual(listed, ['acme:bob'], 'the keys that are listed')
      }
    },
  },
]

/** For places that can break down. */
export const brokenPlaces: readonly ContractStatement[] = [
  {
    name: 'throws a StoreError from a place that has broken down, and never takes that for an absent record',
    async hold({ place }) {
      const store = await place.open()
      await putRecord(store)
      await place.breakDown?.()
      await expectStoreError(() => store.read(key), { what: 'reading' })
      await expectStoreError(() => store.read('acme:bob'), { what: 'reading another key' })
      const next = createContractRecord({ revision: 'revision-2' })
      await expectStoreError(() => store.compareAndSet(key, 'revision-1', next), { what: 'writing' })
      await expectStoreError(() => store.compareAndSet('acme:bob', undefined, next), { what: 'writing another key' })
      if (store.check !== undefined) await expectStoreError(() => store.check?.(key), { what: 'asking' })
      // A lease may still be had where it does not depend on the place; if it fails, then so.
      await store.lease(key, { signal: never }).then(
        (lease) => lease[Symbol.asyncDispose](),
        (error: unknown) => expectStoreError(() => Promise.reject(error), { what: 'waiting for the lease' }),
      )
    },
  },
]

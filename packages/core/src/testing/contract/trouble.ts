import type { SessionStore } from '../../store/session-store.ts'
import { createContractRecord, contractKey as key, never, putRecord } from './contract-records.ts'
import { expectEqual, expectStoreError, expectThat } from './expectations.ts'
import type { ContractStatement, StorePlace } from './store-place.ts'

const next = createContractRecord({ revision: 'revision-2' })

/** For places in which a record can be spoilt. */
export const unreadableRecords: readonly ContractStatement[] = [
  {
    name: 'P45 throws for a record that it cannot read, writes nothing over it by itself, and lists all others',
    async hold({ place }) {
      const writer = await place.open()
      await putRecord(writer, createContractRecord(), 'acme:bob')
      await spoilRecord(writer, place)
      for (const store of [writer, await place.open()]) {
        await readToken(store)
        for (const revision of [undefined, 'revision-1']) {
          const isWritten = await store.compareAndSet(key, revision, next).catch(() => false)
          expectThat(!isWritten, 'a record that could not be read was written over.')
        }
        const listed = (await store.list()).map((summary) => summary.key)
        expectEqual(listed, ['acme:bob'], 'the keys that are listed')
      }
    },
  },
  {
    name: 'P82 replaces a record that it cannot read, for one of those who name exactly its bytes',
    async hold({ place }) {
      const [store, other] = [await place.open(), await place.open()]
      await spoilRecord(store, place)
      const [token, tokenOfOther] = [await readToken(store), await readToken(other)]
      expectEqual(tokenOfOther, token, 'the token that another store gives for the same bytes')
      const writes = [store, other, store].map((each, index) =>
        each.compareAndSet(key, { unreadable: token }, createContractRecord({ revision: `by-${index}` })),
      )
      const written = await Promise.all(writes)
      expectEqual(written.filter(Boolean).length, 1, 'the number of writers who won')
      const record = await (await place.open()).read(key)
      expectEqual(record?.revision, `by-${written.indexOf(true)}`, 'the revision of the winner')
    },
  },
  {
    name: 'P82 does not replace a record that it can read, nor write where there is none, for such a token',
    async hold({ place }) {
      const store = await place.open()
      await spoilRecord(store, place)
      const expected = { unreadable: await readToken(store) }
      expectThat(!(await store.compareAndSet('acme:bob', expected, next)), 'a record was written where there was none.')
      expectEqual(await store.read('acme:bob'), undefined, 'what is there under another key')
      expectThat(await store.compareAndSet(key, expected, next), 'a record that could not be read was not replaced.')
      const late = createContractRecord({ revision: 'revision-3' })
      expectThat(!(await store.compareAndSet(key, expected, late)), 'a record that can be read was replaced.')
      expectEqual(await store.read(key), next, 'what was read')
    },
  },
  {
    name: 'P82 has nothing against a sign-in that replaces a record that it cannot read',
    async hold({ place }) {
      const store = await place.open()
      await spoilRecord(store, place)
      await store.check?.(key).catch((error: unknown) => {
        expectThat(false, `the check of a sign-in that replaces a record failed: ${String(error)}`)
      })
      await readToken(store)
    },
  },
]

async function spoilRecord(store: SessionStore, place: StorePlace): Promise<void> {
  await putRecord(store)
  await place.corrupt?.(key)
}

async function readToken(store: SessionStore): Promise<string> {
  const what = 'reading a record that was spoilt'
  const { replaceToken } = await expectStoreError(() => store.read(key), { what, codes: ['recordUnreadable'] })
  expectThat(typeof replaceToken === 'string', `${what} threw an error without a replaceToken.`)
  return replaceToken
}

/** For places that can break down. */
export const brokenPlaces: readonly ContractStatement[] = [
  {
    name: 'throws a StoreError from a place that has broken down, and never takes that for an absent record',
    async hold({ place }) {
      const store = await place.open()
      await putRecord(store)
      await place.breakDown?.()
      const { replaceToken } = await expectStoreError(() => store.read(key), { what: 'reading' })
      expectThat(replaceToken === undefined, 'a place that has broken down lets a sign-in replace a record.')
      await expectStoreError(() => store.read('acme:bob'), { what: 'reading another key' })
      await expectStoreError(() => store.compareAndSet(key, 'revision-1', next), { what: 'writing' })
      await expectStoreError(() => store.compareAndSet('acme:bob', undefined, next), { what: 'writing another key' })
      if (store.check !== undefined) await expectStoreError(() => store.check?.(key), { what: 'the check' })
      // A lease may still be had where it does not depend on the place; if it fails, then so.
      await store.lease(key, { signal: never }).then(
        (lease) => lease[Symbol.asyncDispose](),
        (error: unknown) => expectStoreError(() => Promise.reject(error), { what: 'waiting for the lease' }),
      )
    },
  },
]

import { contractSecrets, createContractRecord, contractKey as key, putRecord } from './contract-records.ts'
import { expectEqual, expectThat, nextTask, until } from './expectations.ts'
import type { ContractStatement } from './store-place.ts'

/** Hints, and what is listed. */
export const watchAndList: readonly ContractStatement[] = [
  {
    name: 'hints at a write of its own and of another store, until the watch is ended',
    async hold({ place, options: { patienceMilliseconds: milliseconds } }) {
      const [store, other] = [await place.open(), await place.open()]
      let hints = 0
      let fence = 0
      const unwatch = store.watch(key, () => (hints += 1))
      const unwatchFence = store.watch(key, () => (fence += 1))
      await putRecord(other)
      await until(() => hints > 0, { what: 'a hint at the first record, by another store', milliseconds })
      const before = hints
      expectThat(await store.compareAndSet(key, 'revision-1', createContractRecord({ revision: 'two' })), 'no write.')
      await until(() => hints > before, { what: 'a hint at a write of its own', milliseconds })
      unwatch()
      const [last, lastFence] = [hints, fence]
      expectThat(await other.compareAndSet(key, 'two', createContractRecord({ revision: 'three' })), 'no write.')
      await until(() => fence > lastFence, { what: 'a hint to the other watch', milliseconds })
      for (let task = 0; task < 5; task += 1) await nextTask()
      expectThat(hints === last, 'a watch that was ended goes on hinting.')
      unwatchFence()
    },
  },
  {
    name: 'gives no hint before the record can be read',
    async hold({ place, options: { patienceMilliseconds: milliseconds } }) {
      const [store, other] = [await place.open(), await place.open()]
      const seen: (string | undefined)[] = []
      const unwatch = store.watch(key, () => void store.read(key).then((record) => seen.push(record?.revision)))
      await putRecord(other)
      await until(() => seen.includes('revision-1'), { what: 'reading the record after a hint', milliseconds })
      unwatch()
    },
  },
  {
    name: 'ends one watch of two with the same listener',
    async hold({ place, options: { patienceMilliseconds: milliseconds } }) {
      const store = await place.open()
      let hints = 0
      const listener = () => (hints += 1)
      const [unwatch, unwatchOther] = [store.watch(key, listener), store.watch(key, listener)]
      unwatch()
      unwatch()
      await putRecord(await place.open())
      await until(() => hints > 0, { what: 'a hint to the watch that is left', milliseconds })
      unwatchOther()
    },
  },
  {
    name: 'P52 has nothing against a sign-in that can be kept, and keeps nothing of being asked',
    async hold({ place }) {
      const store = await place.open()
      await store.check?.(key)
      expectEqual(await store.read(key), undefined, 'what being asked left')
      const record = await putRecord(store)
      await store.check?.(key)
      expectEqual(await store.read(key), record, 'what is there after being asked')
    },
  },
  {
    name: 'lists nothing where nothing was written',
    async hold({ place }) {
      expectEqual(await (await place.open()).list(), [], 'what is listed')
    },
  },
  {
    name: 'P45 lists the sessions of every status, and no secret',
    async hold({ place }) {
      const store = await place.open()
      const end = { reason: 'grantRejected', endedAt: 7, serverCode: 'invalid_grant' } as const
      const { secrets: _erased, expiresAt: _gone, ...tombstone } = createContractRecord({ status: 'signedOut' })
      await putRecord(store, createContractRecord(), 'in')
      await putRecord(store, createContractRecord({ status: 'ended', end }), 'ended')
      await putRecord(store, tombstone, 'out')
      const listed = await (await place.open()).list()
      const { identity, generation, expiresAt } = createContractRecord()
      const byKey = listed.toSorted((one, other) => (one.key < other.key ? -1 : 1))
      expectEqual(
        byKey,
        [
          { key: 'ended', status: 'ended', generation, identity, expiresAt, end },
          { key: 'in', status: 'signedIn', generation, identity, expiresAt },
          { key: 'out', status: 'signedOut', generation, identity },
        ],
        'what is listed',
      )
      const shown = contractSecrets.filter((secret) => JSON.stringify(listed).includes(secret))
      expectEqual(shown, [], 'what is secret and listed')
    },
  },
]

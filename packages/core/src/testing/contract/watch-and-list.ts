import type { SessionSummary } from '../../store/session-record.ts'
import { contractSecrets, createContractRecord, contractKey as key, putRecord } from './contract-records.ts'
import { expectEqual, expectThat, nextTask, until } from './expectations.ts'
import type { ContractStatement } from './store-place.ts'

/** For places that can be removed. */
export const removedPlaces: readonly ContractStatement[] = [
  {
    name: 'P76 hints at the first record of a place that was removed and made anew, or tells that hints are lost',
    async hold({ place, options: { patienceMilliseconds: milliseconds } }) {
      const [store, other] = [await place.open(), await place.open()]
      await putRecord(store)
      let hints = 0
      let losses = 0
      const unwatch = store.watch(
        key,
        () => (hints += 1),
        () => (losses += 1),
      )
      await place.remove?.()
      await until(() => hints + losses > 0, {
        what: 'a hint that the place is gone, or the loss of hints',
        milliseconds,
      })
      const before = hints
      await putRecord(other)
      await until(() => hints > before || losses > 0, { what: 'a hint in the new place, or their loss', milliseconds })
      unwatch()
      expectThat(losses <= 1, `the same loss was told ${losses} times.`)
    },
  },
]

/** For stores that list by pages. */
export const pages: readonly ContractStatement[] = [
  {
    name: 'P87 gives its sessions page by page, each once, and the last page is the one that is not full',
    async hold({ place }) {
      const store = await place.open()
      const keys = Array.from({ length: 7 }, (_, index) => `acme:${index}`)
      for (const each of keys) await putRecord(store, createContractRecord(), each)
      const found: SessionSummary[] = []
      const lengths: number[] = []
      do {
        const page = (await store.page?.({ after: found.at(-1)?.key, limit: 3 })) ?? []
        found.push(...page)
        lengths.push(page.length)
      } while (lengths.at(-1) === 3 && lengths.length < 9)
      expectEqual(lengths, [3, 3, 1], 'the lengths of the pages')
      expectEqual(found.map((summary) => summary.key).sort(), keys, 'the keys on all pages')
      expectEqual(sorted(found), sorted(await store.list()), 'what the pages tell')
    },
  },
]

function sorted(summaries: readonly SessionSummary[]): SessionSummary[] {
  return summaries.toSorted((one, other) => (one.key < other.key ? -1 : 1))
}

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
    name: 'P52 has nothing against a sign-in that can be kept, and leaves nothing behind',
    async hold({ place }) {
      const store = await place.open()
      await store.check?.(key)
      expectEqual(await store.read(key), undefined, 'what the check left')
      const record = await putRecord(store)
      await store.check?.(key)
      expectEqual(await store.read(key), record, 'what is there after the check')
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
      expectEqual(
        sorted(listed),
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

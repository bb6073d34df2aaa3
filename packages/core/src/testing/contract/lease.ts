import { isStoreError } from '../../errors/store-error.ts'
import type { SessionRecord } from '../../store/session-record.ts'
import type { Lease, SessionStore } from '../../store/session-store.ts'
import { createContractRecord, contractKey as key, never, putRecord } from './contract-records.ts'
import { expectThat, nextTask, until, within } from './expectations.ts'
import type { ContractStatement } from './store-place.ts'

/** The exclusive right to refresh. Without `await using`, which takes another symbol in a browser that lacks the right one. */
export const leases: readonly ContractStatement[] = [
  {
    name: 'lends the lease to one at a time, of however many',
    async hold({ place, options: { patienceMilliseconds } }) {
      const stores = [await place.open(), await place.open(), await place.open()]
      let holders = 0
      const turns = Array.from({ length: 12 }, async (_, index) => {
        const lent = await (stores[index % stores.length] as SessionStore).lease(key, { signal: never })
        holders += 1
        expectThat(holders === 1, 'two have the lease.')
        for (let task = 0; task < 3; task += 1) await nextTask()
        holders -= 1
        await lent[Symbol.asyncDispose]()
      })
      await within(patienceMilliseconds * 2, { what: 'lending the lease 12 times', work: Promise.all(turns) })
    },
  },
  {
    name: 'lends the lease to callers of one store in their order',
    async hold({ place, options: { patienceMilliseconds } }) {
      const store = await place.open()
      const order: number[] = []
      const turns = [0, 1, 2, 3, 4].map(async (turn) => {
        const lent = await store.lease(key, { signal: never })
        order.push(turn)
        await nextTask()
        await lent[Symbol.asyncDispose]()
      })
      await within(patienceMilliseconds, { what: 'lending the lease five times', work: Promise.all(turns) })
      expectThat(order.join() === '0,1,2,3,4', `the lease was lent in the order ${order.join()}.`)
    },
  },
  {
    name: 'lends what was given back, to another store too, and counts one giving back once',
    async hold({ place, options }) {
      const [store, other] = [await place.open(), await place.open()]
      const first = await lease(store, options)
      await first[Symbol.asyncDispose]()
      const second = await lease(other, options)
      await first[Symbol.asyncDispose]()
      await expectHeld(await place.open(), options)
      await second[Symbol.asyncDispose]()
      await (await lease(store, options))[Symbol.asyncDispose]()
    },
  },
  {
    name: 'P21 lends the leases of two sessions side by side',
    async hold({ place, options }) {
      const store = await place.open()
      const one = await lease(store, options)
      const other = await lease(store, options, 'acme:bob')
      expectThat(!other.lost.aborted, 'a lease was lost at once.')
      for (const lent of [one, other]) await lent[Symbol.asyncDispose]()
    },
  },
  {
    name: "P19 leaves the line when its signal aborts, with the signal's own reason",
    async hold({ place, options }) {
      const [store, other] = [await place.open(), await place.open()]
      const held = await lease(store, options)
      for (const waiter of [store, other]) {
        const controller = new AbortController()
        const reason = new Error('The user has closed the dialog')
        const waiting = waiter.lease(key, { signal: controller.signal })
        await nextTask()
        controller.abort(reason)
        const work = rejectionOf(waiting)
        const rejection = await within(options.patienceMilliseconds, { what: 'leaving the line', work })
        expectThat(rejection === reason, `waiting ended with ${String(rejection)} and not with the signal's reason.`)
      }
      await held[Symbol.asyncDispose]()
      for (const next of [store, other]) await (await lease(next, options))[Symbol.asyncDispose]()
    },
  },
  {
    name: 'P19 refuses the lease to a caller whose signal has aborted',
    async hold({ place, options }) {
      const store = await place.open()
      const work = rejectionOf(store.lease(key, { signal: AbortSignal.abort('no') }))
      const rejection = await within(options.patienceMilliseconds, { what: 'refusing the lease', work })
      expectThat(rejection === 'no', `it ended with ${String(rejection)} and not with the signal's reason.`)
      await (await lease(store, options))[Symbol.asyncDispose]()
    },
  },
  {
    name: 'counts a lease as not lost while it is held, and when it was given back',
    async hold({ place, options }) {
      const store = await place.open()
      const held = await lease(store, options)
      const turn = lease(await place.open(), options)
      await nextTask()
      expectThat(!held.lost.aborted, 'a lease counts as lost though it was not taken.')
      await held[Symbol.asyncDispose]()
      await (await turn)[Symbol.asyncDispose]()
      expectThat(!held.lost.aborted, 'a lease counts as lost though it was given back.')
    },
  },
]

/** For stores whose leases can be taken away. */
export const lostLeases: readonly ContractStatement[] = [
  {
    name: 'tells by `lost` that a lease was taken away',
    async hold({ place, options }) {
      const held = await lease(await place.open(), options)
      await place.takeLease?.(key)
      const { patienceMilliseconds: milliseconds } = options
      await until(() => held.lost.aborted, { what: 'the loss of the lease', milliseconds })
      await held[Symbol.asyncDispose]()
    },
  },
  {
    name: 'P93 writes nothing under a lease that was taken away, where leases can run out, and tells so by `lost`',
    async hold({ place, options }) {
      const store = await place.open()
      await putRecord(store)
      const held = await lease(store, options)
      if (held.remainingMilliseconds === undefined) return held[Symbol.asyncDispose]()
      const [next, late] = [2, 3].map((count) => createContractRecord({ revision: `revision-${count}` }))
      const isWritten = await store.compareAndSet(key, 'revision-1', next as SessionRecord, { under: held })
      expectThat(isWritten, 'a write under a lease that is held was refused.')
      await place.takeLease?.(key)
      const isLate = await store.compareAndSet(key, 'revision-2', late as SessionRecord, { under: held })
      expectThat(!isLate, 'something was written under a lease that another has.')
      expectThat(held.lost.aborted, 'the write was refused, and `lost` does not say so.')
      expectThat(held.remainingMilliseconds() === 0, 'a lease that was taken away is said to last.')
      // Without it, a write is checked by nothing but the revision.
      expectThat(await store.compareAndSet(key, 'revision-2', late as SessionRecord), 'a write without it was refused.')
      await held[Symbol.asyncDispose]()
    },
  },
  {
    name: 'P93 says how long a lease lasts at least, where leases can run out, and no longer as time goes by',
    async hold({ place, options }) {
      const held = await lease(await place.open(), options)
      const first = held.remainingMilliseconds?.() ?? 1
      expectThat(first > 0, 'a lease that was just lent is said to be over.')
      await nextTask()
      const second = held.remainingMilliseconds?.() ?? 0
      expectThat(second < first, 'a lease lasts for as long as a moment ago.')
      await held[Symbol.asyncDispose]()
      expectThat((held.remainingMilliseconds?.() ?? 0) === 0, 'a lease that was given back is said to last.')
    },
  },
]

function lease(store: SessionStore, options: { patienceMilliseconds: number }, leased = key): Promise<Lease> {
  const work = store.lease(leased, { signal: never })
  return within(options.patienceMilliseconds, { what: 'getting a lease that is free', work })
}

/** That a caller has to wait now. Looked at for some turns only, since it would wait for ever. */
async function expectHeld(store: SessionStore, options: { patienceMilliseconds: number }): Promise<void> {
  const controller = new AbortController()
  let isLent = false
  const waiting = store.lease(key, { signal: controller.signal }).then(
    async (lent) => {
      isLent = true
      await lent[Symbol.asyncDispose]()
    },
    (error: unknown) => expectThat(!isStoreError(error), `waiting for the lease failed: ${String(error)}`),
  )
  for (let task = 0; task < 20; task += 1) await nextTask()
  controller.abort()
  await within(options.patienceMilliseconds, { what: 'leaving the line', work: waiting })
  expectThat(!isLent, 'a lease was lent twice.')
}

async function rejectionOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  return 'no rejection'
}

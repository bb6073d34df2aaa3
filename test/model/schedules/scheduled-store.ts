import { type SessionStore, StoreError } from '@authchart/core'
import type { Lease, SessionRecord } from '@authchart/core/store'
import type { Life } from './life.ts'
import type { StoreFault } from './schedule.ts'

/**
 * A store as one holder sees it: every operation travels there and its answer back, each of which takes as long as it
 * likes. What a holder has sent arrives even if the holder dies meanwhile; what it held is given back then.
 */
export function createScheduledStore(
  store: SessionStore,
  life: Life,
  options: {
    takeFault: () => StoreFault['fault'] | undefined
    onLanded: (next: SessionRecord) => void
    onLease: () => void
    /** Whether a write under that lease may be made, as the database says. */
    isHeld?: (lease: Lease) => boolean
  },
): SessionStore {
  const { name, world } = life
  const { takeFault, onLanded, onLease, isHeld } = options

  async function operate<Value>(verb: string, act: () => Promise<Value>): Promise<Value> {
    const fault = takeFault()
    await world.point(`${name} ${verb}`)
    if (fault !== undefined) world.say(`${name} ${verb}: the store ${fault}`)
    if (fault === 'hangs') return life.never()
    if (fault === 'landsLate') {
      // What goes wrong there is told by the observer.
      void world
        .point(`late: ${name} ${verb}`)
        .then(act)
        .catch(() => {})
      return life.never()
    }
    const value = fault === 'fails' ? undefined : await act()
    await life.point(`${name} ${verb}: answer`)
    if (fault !== undefined) throw new StoreError('storeUnavailable', 'The line to the store is bad.')
    return value as Value
  }

  return {
    read: (key) =>
      operate('reads', async () => {
        const record = await store.read(key)
        world.say(`${name} reads ${describeRecord(record)}`)
        return record
      }),
    compareAndSet: (key, expectedRevision, next, { under } = {}) =>
      operate(`writes ${describeRecord(next)}`, async () => {
        const isFenced = under !== undefined && isHeld?.(under) === false
        const isWritten = !isFenced && (await store.compareAndSet(key, expectedRevision, next))
        world.say(`${name} ${isWritten ? 'has written' : 'comes too late to write'} ${describeRecord(next)}`)
        if (isWritten) onLanded(next)
        return isWritten
      }),
    async lease(key, { signal }) {
      await life.point(`${name} asks for the lease`)
      const lease = await store.lease(key, { signal })
      const held = life.hold(lease)
      await life.point(`${name} gets the lease`)
      world.say(`${name} has the lease`)
      onLease()
      return held
    },
    watch: (key, listener) =>
      store.watch(key, () => {
        if (life.isAlive()) void life.point(`${name} hears of a change`).then(() => listener())
      }),
    list: () => store.list(),
  }
}

function describeRecord(record: SessionRecord | undefined): string {
  if (record === undefined) return 'nothing'
  const { generation, status, secrets, refreshIntent, end, backoffUntil } = record
  const parts = [
    `generation ${generation - 1_000_000}`,
    status === 'signedIn' ? (secrets?.tokenSet.accessToken ?? '') : (end?.reason ?? status),
    ...(refreshIntent === undefined ? [] : ['an intent']),
    ...(backoffUntil === undefined ? [] : ['a backoff']),
  ]
  return parts.join(', ')
}

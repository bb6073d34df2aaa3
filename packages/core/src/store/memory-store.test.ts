import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { createRecord, createTokenSet } from '../../../../test/support/session-records.ts'
import { memoryStore } from './memory-store.ts'
import type { Lease } from './session-store.ts'

const key = 'acme:alice'
const never = new AbortController().signal

/** Lets every promise that can settle do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('reading and writing', () => {
  it('surely has no record where none was written', async () => {
    expect(await memoryStore().read(key)).toBeUndefined()
  })

  it('writes the first record only where there is none', async () => {
    const store = memoryStore()
    expect(await store.compareAndSet(key, 'revision-0', createRecord())).toBe(false)
    expect(await store.compareAndSet(key, undefined, createRecord())).toBe(true)
    expect(await store.compareAndSet(key, undefined, createRecord())).toBe(false)
    expect(await store.read(key)).toEqual(createRecord())
  })

  it('writes over the revision that was read, and over no other', async () => {
    const store = memoryStore()
    await store.compareAndSet(key, undefined, createRecord())
    const next = createRecord({ revision: 'revision-2', generation: 6 })
    expect(await store.compareAndSet(key, 'revision-0', next)).toBe(false)
    expect(await store.compareAndSet(key, 'revision-1', next)).toBe(true)
    expect(await store.compareAndSet(key, 'revision-1', createRecord({ revision: 'revision-3' }))).toBe(false)
    expect(await store.read(key)).toEqual(next)
  })

  it('lets one of a hundred writers win who all read the same', async () => {
    const store = memoryStore()
    await store.compareAndSet(key, undefined, createRecord())
    const writes = Array.from({ length: 100 }, (_, index) =>
      store.compareAndSet(key, 'revision-1', createRecord({ revision: `by-${index}` })),
    )
    expect((await Promise.all(writes)).filter(Boolean)).toHaveLength(1)
  })

  it('keeps nothing in common with what was written or read', async () => {
    const store = memoryStore()
    const written = createRecord()
    await store.compareAndSet(key, undefined, written)
    Object.assign(written.secrets?.tokenSet ?? {}, { accessToken: 'changed' })
    const read = await store.read(key)
    Object.assign(read?.identity ?? {}, { subject: 'changed' })
    expect(await store.read(key)).toEqual(createRecord())
  })

  it('keeps records with different keys apart', async () => {
    const store = memoryStore()
    await store.compareAndSet('a', undefined, createRecord())
    expect(await store.read('A')).toBeUndefined()
  })
})

describe('watching', () => {
  it('tells of each write under the key, after it, until it is ended', async () => {
    const store = memoryStore()
    const seen: (string | undefined)[] = []
    const unwatch = store.watch(key, () => void store.read(key).then((record) => seen.push(record?.revision)))
    await store.compareAndSet(key, undefined, createRecord())
    await settle()
    await store.compareAndSet('another', undefined, createRecord())
    await store.compareAndSet(key, 'not-there', createRecord())
    await settle()
    expect(seen).toEqual(['revision-1'])
    unwatch()
    await store.compareAndSet(key, 'revision-1', createRecord({ revision: 'revision-2' }))
    await settle()
    expect(seen).toEqual(['revision-1'])
  })

  it('does not call a listener whose watch ended before its turn', async () => {
    const store = memoryStore()
    let calls = 0
    const unwatch = store.watch(key, () => (calls += 1))
    const written = store.compareAndSet(key, undefined, createRecord())
    unwatch()
    await written
    await settle()
    expect(calls).toBe(0)
  })

  it('with the same listener twice is ended twice', async () => {
    const store = memoryStore()
    let calls = 0
    const listener = () => (calls += 1)
    const unwatch = store.watch(key, listener)
    store.watch(key, listener)
    unwatch()
    await store.compareAndSet(key, undefined, createRecord())
    await settle()
    expect(calls).toBe(1)
  })
})

describe('listing', () => {
  it('shows each session without a secret', async () => {
    const store = memoryStore()
    const end = { reason: 'grantRejected', endedAt: 7 } as const
    await store.compareAndSet('a', undefined, createRecord({ expiresAt: 9, secrets: { tokenSet: createTokenSet() } }))
    await store.compareAndSet('b', undefined, createRecord({ status: 'ended', end }))
    const { identity } = createRecord()
    expect(await store.list()).toEqual([
      { key: 'a', status: 'signedIn', generation: 5, identity, expiresAt: 9 },
      { key: 'b', status: 'ended', generation: 5, identity, end },
    ])
    expect(JSON.stringify(await store.list())).not.toMatch(/access-|refresh-/)
  })
})

describe('the lease', () => {
  it('is had by one at a time, first come, first served', async () => {
    const store = memoryStore()
    const order: string[] = []
    const lines = ['first', 'second', 'third'].map(async (name) => {
      await using _lease = await store.lease(key, { signal: never })
      order.push(`${name} has it`)
      await settle()
      order.push(`${name} gives it back`)
    })
    await Promise.all(lines)
    expect(order).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} has it`, `${name} gives it back`]))
  })

  it('P21 of one session is had beside that of another', async () => {
    const store = memoryStore()
    await using _one = await store.lease('a', { signal: never })
    await using other = await store.lease('b', { signal: never })
    expect(other.lost.aborted).toBe(false)
  })

  it("P19 is not waited for after an abort, whose reason is the waiter's own", async () => {
    const store = memoryStore()
    const held = await store.lease(key, { signal: never })
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const waiting = store.lease(key, { signal: controller.signal })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await held[Symbol.asyncDispose]()
    await using _next = await store.lease(key, { signal: never })
  })

  it('is not given for a signal that has aborted, and is not stuck then', async () => {
    const store = memoryStore()
    await expect(store.lease(key, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    await using _next = await store.lease(key, { signal: never })
  })

  it('is given back once, however often that is done', async () => {
    const store = memoryStore()
    const first = await store.lease(key, { signal: never })
    await first[Symbol.asyncDispose]()
    await using _second = await store.lease(key, { signal: never })
    await first[Symbol.asyncDispose]()
    let hasThird = false
    void store.lease(key, { signal: never }).then(() => (hasThird = true))
    await settle()
    expect(hasThird).toBe(false)
  })

  it('is never had by two, is given in the order of the calls, and is never stuck, also when some give up', async () => {
    const step = fc.oneof(
      fc.constant({ kind: 'acquire' } as const),
      fc.record({ kind: fc.constant('cancel' as const), index: fc.nat(20) }),
      fc.record({ kind: fc.constant('release' as const) }),
      fc.record({ kind: fc.constant('settle' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const line = createLine()
        for (const next of steps) {
          if (next.kind === 'acquire') line.acquire()
          if (next.kind === 'cancel') line.cancel(next.index)
          if (next.kind === 'release') line.release()
          if (next.kind === 'settle') await settle()
          expect(line.holders()).toBeLessThanOrEqual(1)
        }
        await line.drain()
        expect(line.served).toEqual([...line.served].sort((one, other) => one - other))
        expect(line.served.length + line.cancelled.length).toBe(line.length())
      }),
      { numRuns: 300 },
    )
  })
})

/** Many who want one lease. */
function createLine() {
  const store = memoryStore()
  const controllers: AbortController[] = []
  const held = new Set<Lease>()
  const served: number[] = []
  const cancelled: number[] = []

  function release() {
    for (const lease of held) {
      held.delete(lease)
      void lease[Symbol.asyncDispose]()
    }
  }

  return {
    served,
    cancelled,
    length: () => controllers.length,
    holders: () => held.size,
    release,
    acquire() {
      const controller = new AbortController()
      const place = controllers.push(controller) - 1
      store.lease(key, { signal: controller.signal }).then(
        (lease) => {
          held.add(lease)
          served.push(place)
        },
        () => cancelled.push(place),
      )
    },
    cancel: (index: number) => controllers[index % Math.max(controllers.length, 1)]?.abort(),
    async drain() {
      for (let round = 0; round <= controllers.length; round += 1) {
        await settle()
        expect(held.size).toBeLessThanOrEqual(1)
        release()
      }
      await settle()
    },
  }
}

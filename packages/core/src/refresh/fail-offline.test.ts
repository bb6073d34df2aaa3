import { describe, expect, it } from 'vitest'
import { openHolder } from '../../../../test/support/refresh-holder.ts'
import { createRecord, recordTime } from '../../../../test/support/session-records.ts'
import type { Grant } from '../token/grant.ts'

/** A holder whose device has said for so long that it has no network. */
async function openOffline(milliseconds: number, isReachable?: Grant['isReachable']) {
  const holder = await openHolder(createRecord(), [{ kind: 'failed', failure: { kind: 'transport', sent: 'no' } }], {
    isReachable,
  })
  holder.settings.offlineSince = recordTime - milliseconds
  return holder
}

describe('a device that says it has no network', () => {
  it('is believed for 10 s: nothing is asked, and nothing is written', async () => {
    const holder = await openOffline(9_999, () => Promise.reject(new Error('not asked')))
    const outcome = await holder.refresh()
    expect(outcome).toEqual({ kind: 'failed', code: 'offline', retryAt: recordTime + 1, serverAsked: false })
    expect(holder.diary).toEqual(['lease', 'read', 'give back'])
  })

  it('is not believed any more at 10 s, where the server answers', async () => {
    let asked = 0
    const holder = await openOffline(10_000, async () => {
      asked += 1
      return true
    })
    expect(await holder.refresh()).toMatchObject({ code: 'network' })
    expect(holder.sent).toEqual(['refresh-1'])
    expect(asked).toBe(1)
    expect(holder.clock.timers).toBe(0)
  })

  it.each([
    { name: 'does not answer', isReachable: async () => false },
    { name: 'is asked in vain', isReachable: () => Promise.reject(new Error('bug')) },
    {
      name: 'is asked by a grant that throws',
      isReachable: () => {
        throw new Error('bug')
      },
    },
  ])('is believed where the server $name', async ({ isReachable }) => {
    const holder = await openOffline(10_000, isReachable)
    const outcome = await holder.refresh()
    expect(outcome).toEqual({ kind: 'failed', code: 'offline', retryAt: recordTime + 100, serverAsked: false })
    expect(holder.diary).toEqual(['lease', 'read', 'give back'])
    expect(holder.clock.timers).toBe(0)
  })

  it('is not believed any more at 10 s, where the grant cannot ask: the refresh itself is tried', async () => {
    const believed = await openOffline(9_999)
    expect(await believed.refresh()).toMatchObject({ code: 'offline', retryAt: recordTime + 1 })
    expect(believed.sent).toEqual([])
    const tried = await openOffline(10_000)
    expect(await tried.refresh()).toMatchObject({ code: 'network' })
    expect(tried.sent).toEqual(['refresh-1'])
  })

  it('keeps the lease for 10 s at most while the server is asked', async () => {
    const holder = await openOffline(10_000, () => new Promise(() => {}))
    const refresh = holder.begin()
    await holder.clock.advance(9_999)
    expect(holder.diary).toEqual(['lease', 'read'])
    await holder.clock.advance(1)
    expect(await refresh).toMatchObject({ kind: 'failed', code: 'offline' })
    expect(holder.diary.at(-1)).toBe('give back')
  })
})

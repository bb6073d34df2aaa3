import { describe, expect, it } from 'vitest'
import { createFairQueue } from './fair-queue.ts'

const never = new AbortController().signal

describe('a queue', () => {
  it('is left by a call that gives up, and those behind it wait for their turn', async () => {
    const takeTurn = createFairQueue()
    const order: string[] = []
    const end = await takeTurn('queue', never)
    const controller = new AbortController()
    const leaving = takeTurn('queue', controller.signal).catch((reason: unknown) => order.push(`left: ${reason}`))
    const last = takeTurn('queue', never).then((endLast) => {
      order.push('last')
      endLast()
    })
    controller.abort('no time')
    await leaving
    // A line behind one who has left comes to its turn meanwhile.
    const endOther = await takeTurn('another queue', never)
    const other = takeTurn('another queue', never)
    endOther()
    await other.then((endLast) => endLast())
    expect(order).toEqual(['left: no time'])
    end()
    await last
    expect(order).toEqual(['left: no time', 'last'])
  })
})

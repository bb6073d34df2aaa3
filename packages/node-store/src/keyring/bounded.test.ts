import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { bounded } from './bounded.ts'

it('P50 an answer that came while this program stood still for longer than it waits is heard', async () => {
  // Right before timers have their turn, and then what has arrived.
  await turn()
  const answer = bounded(turn('the key'), { milliseconds: 40, late: () => new Error('late') })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
  expect(await answer).toBe('the key')
})

it('P50 an answer that does not come is not awaited', async () => {
  const answer = bounded(new Promise(() => {}), { milliseconds: 4, late: () => new Error('late') })
  await expect(answer).rejects.toThrow('late')
})

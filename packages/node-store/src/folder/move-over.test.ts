import { expect, it, vi } from 'vitest'
import { moveOver } from './move-over.ts'

/** A system whose `rename` fails so often first. */
function systemOf(platform: string, { code, failures }: { code: string; failures: number }) {
  const tries: string[] = []
  return {
    platform,
    tries,
    async rename(from: string, to: string) {
      tries.push(`${from} to ${to}`)
      if (tries.length <= failures) throw Object.assign(new Error(code), { code })
    },
  }
}

it.each(['EPERM', 'EACCES', 'EBUSY'])(
  'a file that Windows says is in use (%s) is replaced once it is not',
  async (code) => {
    const system = systemOf('win32', { code, failures: 3 })
    // On a machine that stands still meanwhile, too.
    vi.useFakeTimers({ toFake: ['performance'] })
    await moveOver('a', 'b', system).finally(() => vi.useRealTimers())
    expect(system.tries).toEqual(Array(4).fill('a to b'))
  },
)

it('a file that stays in use is given up after 2 s', async () => {
  const system = systemOf('win32', { code: 'EPERM', failures: Number.POSITIVE_INFINITY })
  const before = performance.now()
  await expect(moveOver('a', 'b', system)).rejects.toMatchObject({ code: 'EPERM' })
  expect(performance.now() - before).toBeGreaterThan(2_000)
})

it.each([
  ['win32', 'ENOSPC'],
  ['linux', 'EPERM'],
  ['darwin', 'EACCES'],
])('other failures are not tried again (%s, %s)', async (platform, code) => {
  const system = systemOf(platform, { code, failures: 1 })
  await expect(moveOver('a', 'b', system)).rejects.toMatchObject({ code })
  expect(system.tries).toHaveLength(1)
})

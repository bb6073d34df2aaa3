import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { safeDelay, systemClock } from './clock.ts'

const longest = 2 ** 31 - 1

describe('a safe delay', () => {
  it.each([
    { delay: 5, expected: 5 },
    { delay: 0, expected: 0 },
    { delay: -1, expected: 0 },
    { delay: Number.NEGATIVE_INFINITY, expected: 0 },
    { delay: longest, expected: longest },
    { delay: longest + 1, expected: longest },
    { delay: Number.POSITIVE_INFINITY, expected: longest },
    { delay: Number.NaN, expected: longest },
  ])('of $delay ms is $expected ms', ({ delay, expected }) => {
    expect(safeDelay(delay)).toBe(expected)
  })
})

describe('the clock of the system', () => {
  it('tells the time', () => {
    const before = Date.now()
    expect(systemClock.now()).toBeGreaterThanOrEqual(before)
  })

  it('calls back after a delay, and not after it was cleared', async () => {
    let calls = 0
    const cleared = systemClock.setTimeout(() => (calls += 1), 1)
    systemClock.clearTimeout(cleared)
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 5, { keepAlive: true }))
    expect(calls).toBe(0)
  })

  it.each([Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY])('does not call back at once after %d ms', async (delay) => {
    let calls = 0
    const timer = systemClock.setTimeout(() => (calls += 1), delay)
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 5, { keepAlive: true }))
    systemClock.clearTimeout(timer)
    expect(calls).toBe(0)
  })

  it.each([
    { options: '{}', output: '' },
    { options: '{ keepAlive: true }', output: 'called' },
  ])('keeps a process alive only when told to: $options', ({ options, output }) => {
    const source = fileURLToPath(new URL('clock.ts', import.meta.url))
    const script = `
      const { systemClock } = await import(${JSON.stringify(source)})
      systemClock.setTimeout(() => process.stdout.write('called'), 20, ${options})`
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
    expect(child).toMatchObject({ status: 0, stdout: output })
  })
})

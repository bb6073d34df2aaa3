import { describe, expect, test } from 'vitest'
import { outcomeOf, startField, tally } from './fixture.ts'

const callers = Array.from({ length: 20 }, (_, index) => index)

describe.each([
  { holderCount: 1, addresses: 'the same address', pathOf: () => '/orders' },
  { holderCount: 1, addresses: 'an address of its own', pathOf: (caller: number) => `/orders/${caller}` },
  {
    holderCount: 1,
    addresses: 'another address each time',
    pathOf: (caller: number, turn: number) => `/${caller}/${turn}`,
  },
  {
    holderCount: 2,
    addresses: 'another address each time',
    pathOf: (caller: number, turn: number) => `/${caller}/${turn}`,
  },
])('tokens without a lifetime, that live for seconds', ({ holderCount, addresses, pathOf }) => {
  test(`P74 20 callers of ${holderCount} holders, each at ${addresses}, for a minute: none fails`, async () => {
    await using field = await startField({ holderCount, tellsLifetime: false })
    const { apis, holders, clock, server } = field
    const outcomes: string[] = []
    let expiries = 0
    for (let turn = 0; turn < 240; turn += 1) {
      // Three seconds, in which each caller asks twelve times.
      if (turn % 12 === 7) {
        server.expireAccessTokens()
        expiries += 1
      }
      const calls = callers.map((caller) => {
        const holder = holders[caller % holders.length]
        return outcomeOf(
          holder?.fetch(`${apis[0]?.origin}${pathOf(caller, turn)}`) ?? Promise.reject(new Error('none')),
        )
      })
      // In every third turn it expires while they are under way.
      if (turn % 36 === 18) server.expireAccessTokens()
      outcomes.push(...(await Promise.all(calls)))
      await clock.advance(250)
    }
    expect(tally(outcomes)).toEqual({ 200: 4_800 })
    expect(server.counts.refreshes).toBeGreaterThanOrEqual(expiries)
    expect(server.counts.refreshes).toBeLessThan(2 * expiries + 20)
  })
})

test.each([true, false])(
  'P74 programs of one call each find an expired token one after the other: none fails, said lifetime: %s',
  async (tellsLifetime) => {
    await using field = await startField({ tellsLifetime })
    const { apis, clock, server, open } = field
    const outcomes: string[] = []
    for (let program = 0; program < 10; program += 1) {
      server.expireAccessTokens()
      const { session, fetch } = open()
      outcomes.push(await outcomeOf(fetch(`${apis[0]?.origin}/orders`)))
      await session.close()
      await clock.advance(10_000)
    }
    expect(tally(outcomes)).toEqual({ 200: 10 })
    expect(server.counts.refreshes).toBe(10)
  },
)

import { describe, expect, it } from 'vitest'
import { isSoak } from '../support/soak.ts'
import { exploreProcedure } from './explore-procedure.ts'
import type { Budget, Guard, Scenario, ServerKind } from './state.ts'

/**
 * The refresh procedure as a model, explored exhaustively: every order of the steps of all holders, with a crash and a
 * pause of any length at every step. What is not explored: a holder that stands still between its last look at its lease
 * and the wire, and one that sleeps while a write-back settles: the schedules have those.
 */

const servers: readonly ServerKind[] = ['strict', 'graceSamePair', 'graceNewPair', 'noRotation']

/** What happens once or twice in a scenario, with its number of holders and of refreshes wanted in each. */
const troubles: readonly [string, Omit<Scenario, 'server'>][] = [
  ['a crash and a loss over two refreshes each', { holders: 2, prompts: 2, budget: { crashes: 1, losses: 1 } }],
  ['two losses and a crash', { holders: 2, prompts: 1, budget: { crashes: 1, losses: 2 } }],
  ['two crashes and a loss', { holders: 2, prompts: 1, budget: { crashes: 2, losses: 1 } }],
  [
    'two store faults, a loss and a crash',
    { holders: 2, prompts: 1, budget: { crashes: 1, losses: 1, storeFaults: 2 } },
  ],
  ['a sign-in and a sign-out', { holders: 2, prompts: 1, budget: { signIns: 1, signOuts: 1 } }],
  [
    'a sign-in, a loss and a store fault',
    { holders: 2, prompts: 1, budget: { signIns: 1, losses: 1, storeFaults: 1 } },
  ],
  [
    'a sign-out, a loss and a store fault',
    { holders: 2, prompts: 1, budget: { signOuts: 1, losses: 1, storeFaults: 1 } },
  ],
  [
    'a sign-out, a crash and a store fault',
    { holders: 2, prompts: 1, budget: { signOuts: 1, crashes: 1, storeFaults: 1 } },
  ],
  ['an end that is mended', { holders: 2, prompts: 2, budget: { mendableRefusals: 1, losses: 1 } }],
  ['two ends that are mended', { holders: 2, prompts: 2, budget: { mendableRefusals: 2 } }],
  ['three holders, a crash and a loss', { holders: 3, prompts: 1, budget: { crashes: 1, losses: 1 } }],
  ['three holders, a store fault and a loss', { holders: 3, prompts: 1, budget: { storeFaults: 1, losses: 1 } }],
  ['an API that rejects every token', { holders: 2, prompts: 1, budget: { rejections: 3 } }],
  ['an API that rejects every token, and a crash', { holders: 2, prompts: 0, budget: { rejections: 3, crashes: 1 } }],
  ['an API that rejects every token, and a loss', { holders: 2, prompts: 0, budget: { rejections: 3, losses: 1 } }],
  ['a store that goes back in time', { holders: 2, prompts: 2, budget: { restores: 1 } }],
  ['a store that goes back before a sign-out', { holders: 2, prompts: 1, budget: { restores: 1, signOuts: 1 } }],
  ['a store that goes back in time, and a crash', { holders: 2, prompts: 1, budget: { restores: 1, crashes: 1 } }],
  ['a lease that runs out', { holders: 2, prompts: 2, budget: { expiries: 1 } }],
  ['callers who wait through two losses', { holders: 2, prompts: 0, budget: { callers: 2, losses: 2 } }],
  ['callers who wait, a loss and a crash', { holders: 2, prompts: 0, budget: { callers: 2, losses: 1, crashes: 1 } }],
  [
    'a caller who waits, a loss and a sign-out',
    { holders: 2, prompts: 0, budget: { callers: 1, losses: 1, signOuts: 1 } },
  ],
  ['two leases that run out, and a loss', { holders: 2, prompts: 1, budget: { expiries: 2, losses: 1 } }],
]

/** Explored in the long run only: minutes each. */
const longTroubles: readonly [string, Omit<Scenario, 'server'>][] = [
  ['two losses and a crash over two refreshes each', { holders: 2, prompts: 2, budget: { crashes: 1, losses: 2 } }],
  [
    'a crash, a loss and a store fault over two refreshes',
    { holders: 2, prompts: 2, budget: { crashes: 1, losses: 1, storeFaults: 1 } },
  ],
  [
    'a sign-in, a sign-out and a store fault',
    { holders: 2, prompts: 1, budget: { signIns: 1, signOuts: 1, storeFaults: 1 } },
  ],
  [
    'a sign-in, a sign-out, a loss and a crash',
    { holders: 2, prompts: 1, budget: { signIns: 1, signOuts: 1, losses: 1, crashes: 1 } },
  ],
  [
    'an end that is mended, a loss and a store fault',
    { holders: 2, prompts: 2, budget: { mendableRefusals: 1, losses: 1, storeFaults: 1 } },
  ],
  ['three holders, two losses and two crashes', { holders: 3, prompts: 1, budget: { crashes: 2, losses: 2 } }],
  ['three holders, a sign-in and a sign-out', { holders: 3, prompts: 1, budget: { signIns: 1, signOuts: 1 } }],
  [
    'three holders over two refreshes each, a crash and a loss',
    { holders: 3, prompts: 2, budget: { crashes: 1, losses: 1 } },
  ],
  [
    'an API that rejects every token, a crash and a store fault',
    { holders: 2, prompts: 1, budget: { rejections: 3, crashes: 1, storeFaults: 1 } },
  ],
  ['a store that goes back in time, and a loss', { holders: 2, prompts: 2, budget: { restores: 1, losses: 1 } }],
  ['three holders, and a store that goes back in time', { holders: 3, prompts: 1, budget: { restores: 1 } }],
  ['three holders, and two leases that run out', { holders: 3, prompts: 1, budget: { expiries: 2 } }],
  ['a lease that runs out, and a store fault', { holders: 2, prompts: 1, budget: { expiries: 1, storeFaults: 1 } }],
]

/** More states than a scenario may have: one that grows beyond is to be split. */
const mostStates = isSoak ? 6_000_000 : 200_000

describe.each(servers)('the model with a server of the kind %s', (server) => {
  it.each(isSoak ? [...troubles, ...longTroubles] : troubles)('keeps its invariants through %s', (name, scenario) => {
    const began = performance.now()
    const found = exploreProcedure({ ...scenario, server }, mostStates)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    if (isSoak) console.log(`${server}, ${name}: ${found.states} states, ${seconds} s`)
    expect(found.kind === 'violated' ? [found.violation, ...found.trace] : []).toEqual([])
  })
})

describe('the model without one of its guards', () => {
  const everything: Partial<Budget> = { crashes: 1, signIns: 1, signOuts: 1, storeFaults: 1 }
  const violations: readonly [Guard, string][] = [
    ['lease', 'two token requests are open'],
    ['reread', 'a token set is refreshed that is newer than the one that was not good enough'],
    ['intent', 'two token sets have the same generation'],
    ['reservedGeneration', 'two token sets have the same generation'],
    ['revision', 'the generation of the record goes back'],
    ['signInId', 'set 1 belongs to nobody and was not revoked'],
    ['tombstoneFloor', 'a holder has tokens again of a session that it knew to be signed out'],
  ]

  it.each(violations)('is found out: without the %s, %s', (without, violation) => {
    const found = exploreProcedure(
      { holders: 2, prompts: 1, server: 'strict', budget: everything, without },
      mostStates,
    )
    expect(found).toMatchObject({ kind: 'violated', violation })
  })

  const field: readonly [Guard, Omit<Scenario, 'server'>, string][] = [
    [
      'fruitless',
      { holders: 2, prompts: 0, budget: { rejections: 3 } },
      'a second token set is fetched for an API that rejects each',
    ],
    [
      'runInRecord',
      { holders: 2, prompts: 0, budget: { rejections: 3 } },
      'a second token set is fetched for an API that rejects each',
    ],
    [
      'pauseUnderLease',
      { holders: 2, prompts: 1, budget: { rejections: 3 } },
      'the pause is written without the lease',
    ],
    [
      'writeBack',
      { holders: 2, prompts: 2, budget: { restores: 1 } },
      'a refresh token is sent though its holder knows newer tokens',
    ],
    [
      'settle',
      { holders: 2, prompts: 2, budget: { restores: 1 } },
      'a refresh token is sent before a write-back has settled',
    ],
    [
      'unknownAfterWriteBack',
      { holders: 2, prompts: 2, budget: { restores: 1 } },
      'the request after a write-back counts as one for the first time',
    ],
    ['look', { holders: 2, prompts: 1, budget: { expiries: 1 } }, 'a refresh token is sent without the lease'],
    ['tryAgain', { holders: 2, prompts: 0, budget: { callers: 1, losses: 1 } }, 'a caller waits for ever'],
    [
      'backoff',
      { holders: 2, prompts: 0, budget: { callers: 2, losses: 1 } },
      'a refresh token is sent while the record backs off',
    ],
    ['fence', { holders: 2, prompts: 1, budget: { expiries: 1 } }, 'the intent is written without the lease'],
  ]

  it.each(field)('is found out: without the guard %s, in %o', (without, scenario, violation) => {
    const found = exploreProcedure({ ...scenario, server: 'strict', without }, mostStates)
    expect(found).toMatchObject({ kind: 'violated', violation })
  })

  it('is found out: without the rule that only the app goes on after an end', () => {
    const budget = { mendableRefusals: 1 }
    const found = exploreProcedure(
      { holders: 2, prompts: 2, server: 'strict', budget, without: 'explicitAfterEnd' },
      mostStates,
    )
    const violation = 'a refresh token is sent after an end though the app did not ask'
    expect(found).toMatchObject({ kind: 'violated', violation })
  })

  it('forgets, without the intent, that a crash left an answer unread', () => {
    const budget = { crashes: 1 }
    const found = exploreProcedure({ holders: 2, prompts: 1, server: 'strict', budget, without: 'intent' }, mostStates)
    expect(found).toMatchObject({
      violation: 'a refresh token is sent as if for the first time, though an answer was lost',
    })
  })
})

describe('the exploration', () => {
  it('fails when there are more states than allowed', () => {
    const scenario = { holders: 2, prompts: 1, server: 'strict', budget: { crashes: 1, losses: 1 } } as const
    expect(() => exploreProcedure(scenario, 100)).toThrow('more than 100 states')
  })
})

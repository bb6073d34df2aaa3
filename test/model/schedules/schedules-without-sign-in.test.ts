import { describe, it } from 'vitest'
import fc, { seed } from '../../support/properties.ts'
import { runs, timeout } from './check-schedules.ts'
import { runServiceSchedule, type ServiceAction, type ServiceScript } from './run-service-schedule.ts'

const flavours: Record<string, { actions: readonly ServiceAction[]; storeFaults: number; networkFaults: number }> = {
  'nothing but their order': { actions: ['use', 'refresh', 'reject'], storeFaults: 0, networkFaults: 0 },
  'sign-outs and crashes': { actions: ['use', 'refresh', 'signOut', 'crash'], storeFaults: 0, networkFaults: 0 },
  'a network in trouble': {
    actions: ['use', 'refresh', 'reject', 'fireTimer', 'sleep'],
    storeFaults: 0,
    networkFaults: 2,
  },
  'everything at once': {
    actions: ['use', 'refresh', 'reject', 'signOut', 'crash', 'fireTimer', 'sleep'],
    storeFaults: 2,
    networkFaults: 2,
  },
}

function scripts({ actions, storeFaults, networkFaults }: (typeof flavours)[string]): fc.Arbitrary<ServiceScript> {
  return fc.record({
    holders: fc.constantFrom(2, 3),
    commands: fc.array(
      fc.record({ after: fc.nat({ max: 14 }), holder: fc.nat({ max: 2 }), action: fc.constantFrom(...actions) }),
      { minLength: 1, maxLength: 7 },
    ),
    storeFaults: fc.array(
      fc.record({ at: fc.nat({ max: 40 }), fault: fc.constantFrom('fails', 'failsAfterwards', 'hangs', 'landsLate') }),
      { maxLength: storeFaults },
    ),
    networkFaults: fc.array(
      fc.record({
        at: fc.nat({ max: 4 }),
        fault: fc.constantFrom('notSent', 'lostAnswer', 'throttled', 'clientRefused'),
      }),
      { maxLength: networkFaults },
    ),
  })
}

describe('sessions whose grant signs in by itself', () => {
  it.each(Object.entries(flavours))(
    `begin on an empty store and keep their invariants through %s (seed ${seed})`,
    async (_, flavour) => {
      const property = fc.asyncProperty(fc.scheduler(), scripts(flavour), (scheduler, script) =>
        runServiceSchedule(script, scheduler),
      )
      await fc.assert(property, { numRuns: runs, seed })
    },
    timeout,
  )
})

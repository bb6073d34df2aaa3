import fc from 'fast-check'
import type { ServerKind } from '../state.ts'
import type { Action, Command, NetworkFault, Script, StoreFault } from './schedule.ts'

/** What may happen in the schedules of a case. */
export interface Flavour {
  readonly actions: readonly Action[]
  readonly storeFaults: number
  readonly networkFaults: number
  /** The first token requests after the sign-in fail, up to so many of them. */
  readonly outage?: number
  readonly leasesRunOut?: boolean
}

/** Scripts of a flavour; a shorter one is a simpler one. */
export function scripts(server: ServerKind, flavour: Flavour): fc.Arbitrary<Script> {
  const command: fc.Arbitrary<Command> = fc.record({
    after: fc.nat({ max: 14 }),
    holder: fc.nat({ max: 2 }),
    action: fc.constantFrom(...flavour.actions),
  })
  const storeFault: fc.Arbitrary<StoreFault> = fc.record({
    at: fc.integer({ min: 4, max: 40 }),
    fault: fc.constantFrom('fails', 'failsAfterwards', 'hangs', 'landsLate'),
  })
  const networkFault: fc.Arbitrary<NetworkFault> = fc.record({
    at: fc.nat({ max: 4 }),
    fault: fc.constantFrom('notSent', 'lostRequest', 'lostAnswer', 'slow', 'trouble', 'troubleAfterwards', 'throttled'),
  })
  const outage = fc
    .array(fc.constantFrom<NetworkFault['fault']>('notSent', 'throttled', 'trouble'), {
      maxLength: flavour.outage ?? 0,
    })
    .map((faults) => faults.map((fault, at) => ({ at, fault })))
  return fc.record({
    server: fc.constant(server),
    holders: fc.constantFrom(2, 3),
    commands: fc.array(command, { minLength: 1, maxLength: 7 }),
    storeFaults: fc.array(storeFault, { maxLength: flavour.storeFaults }),
    networkFaults: flavour.outage === undefined ? fc.array(networkFault, { maxLength: flavour.networkFaults }) : outage,
    leasesRunOut: fc.constant(flavour.leasesRunOut === true),
  })
}

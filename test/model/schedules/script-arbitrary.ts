import fc from '../../support/properties.ts'
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
  /** Ways to begin, at times and holders of chance: what else would hardly ever come together. */
  readonly beginnings?: readonly (readonly Action[])[]
}

/** Scripts of a flavour; a shorter one is a simpler one. */
export function scripts(server: ServerKind, flavour: Flavour): fc.Arbitrary<Script> {
  const commandOf = (...actions: readonly Action[]): fc.Arbitrary<Command> =>
    fc.record({ after: fc.nat({ max: 14 }), holder: fc.nat({ max: 2 }), action: fc.constantFrom(...actions) })
  const beginnings = [[], ...(flavour.beginnings ?? [])].map((begin) =>
    fc.tuple(...begin.map((action) => commandOf(action))),
  )
  const rest = fc.array(commandOf(...flavour.actions), { minLength: 1, maxLength: 7 })
  const commands = fc.tuple(fc.oneof(...beginnings), rest).map(([begin, then]) => [...begin, ...then].slice(0, 7))
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
    commands,
    storeFaults: fc.array(storeFault, { maxLength: flavour.storeFaults }),
    networkFaults: flavour.outage === undefined ? fc.array(networkFault, { maxLength: flavour.networkFaults }) : outage,
    leasesRunOut: fc.constant(flavour.leasesRunOut === true),
  })
}

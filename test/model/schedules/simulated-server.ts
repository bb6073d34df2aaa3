import type { GrantOutcome, TokenSetInput } from '@authchart/core'
import type { ServerKind } from '../state.ts'
import type { ObservedSet, Observer } from './observer.ts'

/** An authorization server without a network: what it does with a refresh token, at once. */
export interface SimulatedServer {
  signIn(reader: string): { set: ObservedSet; tokenSet: TokenSetInput }
  find(refreshToken: string | undefined, accessToken: string | undefined): ObservedSet
  /** Exchanges the refresh token of a set: for another set, or for a refusal. */
  exchange(set: ObservedSet): ObservedSet | 'refused'
  revoke(accessToken: string): void
  toTokenSet(set: ObservedSet): TokenSetInput
  /** Whether the refresh token of a set would be exchanged. */
  isLive(set: ObservedSet): boolean
}

/** How long its access tokens last, in seconds. */
export const lifetimeSeconds = 3600

export function createSimulatedServer(kind: ServerKind, observer: Observer, now: () => number): SimulatedServer {
  const { sets, families } = observer
  /** Which set was issued last for each refresh token that was exchanged. */
  const successors = new Map<ObservedSet, ObservedSet>()

  function issue(family: number, parent: ObservedSet | undefined): ObservedSet {
    const set: ObservedSet = {
      number: sets.length,
      family,
      doubtful: false,
      answered: 'nothing',
      wasRefused: false,
      wanted: 'no',
      issuedAt: now(),
      undone: false,
      contested: false,
      reader: undefined,
      fate: 'travelling',
      heldBy: undefined,
      parent,
      generation: undefined,
    }
    sets.push(set)
    return set
  }

  function exchangeSpent(set: ObservedSet, successor: ObservedSet): ObservedSet | 'refused' {
    observer.reused(set)
    const isGraceOver = kind === 'strict' || successors.has(successor)
    if (!isGraceOver && kind === 'graceSamePair') return successor
    if (!isGraceOver && kind === 'graceNewPair') return exchangeLive(set)
    revokeFamily(set.family, 'byServer')
    return 'refused'
  }

  function exchangeLive(set: ObservedSet): ObservedSet {
    const next = issue(set.family, set)
    if (kind !== 'noRotation') successors.set(set, next)
    return next
  }

  function revokeFamily(number: number, by: 'byServer' | 'byClient') {
    const family = families[number]
    if (family?.revoked === 'no') family.revoked = by
  }

  return {
    signIn(reader) {
      families.push({ revoked: 'no', signedOutAt: undefined })
      const set = issue(families.length - 1, undefined)
      set.fate = 'held'
      set.heldBy = reader
      const refreshToken = `refresh-${set.number}`
      return { set, tokenSet: { ...this.toTokenSet(set), refreshToken } }
    },
    find(refreshToken, accessToken) {
      const set = observer.setOf(accessToken)
      if (set === undefined || refreshToken === undefined) observer.fail('a request carries no token that was issued')
      if (kind !== 'noRotation' && refreshToken !== `refresh-${set.number}`) observer.fail('two token sets are mixed')
      return set
    },
    exchange(set) {
      if (families[set.family]?.revoked !== 'no') return 'refused'
      const successor = successors.get(set)
      return successor === undefined ? exchangeLive(set) : exchangeSpent(set, successor)
    },
    revoke(accessToken) {
      const set = observer.setOf(accessToken)
      if (set === undefined) return
      observer.say(`The server revokes what set ${set.number} belongs to`)
      revokeFamily(set.family, 'byClient')
    },
    toTokenSet: ({ number }) => ({
      accessToken: `access-${number}`,
      ...(kind === 'noRotation' ? {} : { refreshToken: `refresh-${number}` }),
      tokenType: 'Bearer',
      expiresIn: lifetimeSeconds,
    }),
    isLive: (set) => families[set.family]?.revoked === 'no' && !successors.has(set),
  }
}

export const refusal: GrantOutcome = {
  kind: 'failed',
  failure: { kind: 'answer', status: 400, body: { error: 'invalid_grant' }, complete: true },
}

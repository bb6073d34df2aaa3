import type { SessionContext, TokenFacts } from '@authchart/core/machine'

/** Each generation lives in a time of its own, so that one token is never judged by the times of another. */
const generationMilliseconds = 1_000_000

const dueAfter = 60_000
const expiresAfter = 120_000

/** The instants at which something happens, by what they are to the token that is held; in milliseconds since it came. */
const instants = { fresh: 1_000, due: 90_000, expired: 150_000 }

/** The times of `instants` for a generation, in milliseconds since the epoch. */
export function instantsOf(generation: number): typeof instants {
  const base = bornAt(generation)
  return {
    fresh: base + instants.fresh,
    due: base + instants.due,
    expired: base + instants.expired,
  }
}

/** How a token set is. */
export type TokenKind = 'lasting' | 'endless' | 'notRefreshable' | 'uselessOnArrival' | 'notHeld'

/** The facts of a token set of a generation; its times follow from both. */
export function createToken(kind: TokenKind, generation: number, signInId: string): TokenFacts {
  const receivedAt = bornAt(generation)
  const bare = { generation, signInId, held: true, refreshable: true, receivedAt }
  switch (kind) {
    case 'lasting':
      return { ...bare, refreshDueAt: receivedAt + dueAfter, expiresAt: receivedAt + expiresAfter }
    case 'notRefreshable':
      return { ...createToken('lasting', generation, signInId), refreshable: false }
    case 'endless':
      return bare
    case 'uselessOnArrival':
      return { ...bare, refreshDueAt: receivedAt, expiresAt: receivedAt, retryAt: receivedAt + dueAfter }
    case 'notHeld':
      return { generation, signInId, held: false, refreshable: false, receivedAt: 0 }
  }
}

/** Whether a token set is good for nothing when it comes. */
export function isUselessOnArrival({ retryAt }: TokenFacts): boolean {
  return retryAt !== undefined
}

/** What the clock says of a token at an instant. */
export type Phase = 'fresh' | 'expiring' | 'expired'

export function phaseAt({ held, expiresAt, refreshDueAt }: TokenFacts, now: number): Phase {
  if (!held || now >= (expiresAt ?? Number.POSITIVE_INFINITY)) return 'expired'
  return now >= (refreshDueAt ?? Number.POSITIVE_INFINITY) ? 'expiring' : 'fresh'
}

/**
 * What the clock would say if no time had passed: what it said when it was last asked about this token, or what it says
 * of one that has just come.
 */
export function phaseWithoutDelay({ token, judgedAt }: SessionContext): Phase {
  return phaseAt(token, Math.max(judgedAt, token.receivedAt))
}

/** Two times for a next try: one that comes while the token is still good, and one that comes later than all instants. */
export function retryTimes(generation: number): { soon: number; far: number } {
  const base = bornAt(generation)
  return { soon: base + dueAfter, far: base + instants.expired + 1 }
}

/** Which instants of the token that is held come before the next try. */
export function instantsBefore(retryAt: number, generation: number): number {
  return Object.values(instantsOf(generation)).filter((instant) => instant < retryAt).length
}

function bornAt(generation: number): number {
  return generation * generationMilliseconds
}

/** Above every generation that the chart remembers: none is ever given out twice. */
export function nextGeneration(context: SessionContext): number {
  return Math.max(context.token.generation, context.rejected?.generation ?? 0) + 2
}

/** Every sign-in has an id of its own. */
export function signInIdOf(generation: number): string {
  return `sign-in-${generation}`
}

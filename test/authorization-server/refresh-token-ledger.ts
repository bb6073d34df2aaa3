import { createHash } from 'node:crypto'
import type { HttpAnswer } from './http-answer.ts'

/**
 * How a refresh token came to the server.
 *
 * - `first`: never seen before.
 * - `again`: seen before, and not spent (an earlier request was refused, answered by a fault, or did not rotate).
 * - `replay`: spent, but the client never got the tokens it was spent for.
 * - `repeatWithinGrace`: spent, the client has the tokens, and the grace covers it.
 * - `reuse`: spent, the client has (or is getting) the tokens, and nothing covers it.
 * - `unknown`: no refresh token of this server.
 */
export type Presentation = 'first' | 'again' | 'replay' | 'repeatWithinGrace' | 'reuse' | 'unknown'

/** What the server knows of one refresh token. Holds no token. */
export interface RefreshTokenUse {
  /** 1 for the first refresh token this server issued, 2 for the second: a name that is no secret. */
  readonly order: number
  /** The `order` of the refresh token that came with the sign-in; equal for all that were rotated from it. */
  readonly family: number
  readonly presentations: readonly Presentation[]
  /** The server has issued its successor. */
  readonly spent: boolean
  /** The client has been given the answer that carries its successor. */
  readonly delivered: boolean
}

/** A grace during which a spent refresh token is served once more. */
export interface Grace {
  readonly milliseconds: number
  /** `sameAnswer`: byte for byte what it was answered before. `newPair`: tokens of their own. Default `sameAnswer`. */
  readonly answer: 'sameAnswer' | 'newPair'
}

/** A refresh token's page in the ledger. */
export interface LedgerEntry {
  readonly order: number
  readonly family: number
  readonly presentations: Presentation[]
  /** What the token was spent for, and when by the monotonic clock. */
  spentFor?: { readonly answer: HttpAnswer; readonly at: number }
  /** How far that answer has come. */
  delivery: 'none' | 'pending' | 'delivered' | 'lost'
  /** The end of the line of requests that carry this token. */
  turn: Promise<unknown>
}

/** Every refresh token that the server has issued, by hash. */
export interface RefreshTokenLedger {
  find(refreshToken: string): LedgerEntry | undefined
  /** Opens a page for a new refresh token, in the family of the one it replaces. */
  issued(refreshToken: string, options?: { predecessor?: LedgerEntry }): LedgerEntry
  uses(): RefreshTokenUse[]
}

/** Makes an empty ledger. */
export function createRefreshTokenLedger(): RefreshTokenLedger {
  const entries = new Map<string, LedgerEntry>()
  const hash = (refreshToken: string) => createHash('sha256').update(refreshToken).digest('base64url')
  return {
    find: (refreshToken) => entries.get(hash(refreshToken)),
    issued(refreshToken, { predecessor } = {}) {
      const known = entries.get(hash(refreshToken))
      if (known) return known
      const order = entries.size + 1
      const entry: LedgerEntry = {
        order,
        family: predecessor?.family ?? order,
        presentations: [],
        delivery: 'none',
        turn: Promise.resolve(),
      }
      entries.set(hash(refreshToken), entry)
      return entry
    },
    uses: () =>
      [...entries.values()].map(({ order, family, presentations, spentFor, delivery }) => ({
        order,
        family,
        presentations: [...presentations],
        spent: spentFor !== undefined,
        delivered: delivery === 'delivered',
      })),
  }
}

/** Whether the grace still covers a spent refresh token; `now` by the monotonic clock. */
export function isWithinGrace(entry: LedgerEntry | undefined, grace: Grace | undefined, now: number): boolean {
  return grace !== undefined && entry?.spentFor !== undefined && now - entry.spentFor.at < grace.milliseconds
}

/** Judges how a refresh token comes. Pure. */
export function judgePresentation(
  entry: LedgerEntry | undefined,
  { grace, now }: { grace: Grace | undefined; now: number },
): Presentation {
  if (entry === undefined) return 'unknown'
  if (entry.spentFor === undefined) return entry.presentations.length === 0 ? 'first' : 'again'
  if (entry.delivery === 'lost') return 'replay'
  return isWithinGrace(entry, grace, now) ? 'repeatWithinGrace' : 'reuse'
}

/** Runs `work` after all earlier work on the same refresh token: the provider itself lets two at once both rotate. */
export function inTurn<Result>(entry: LedgerEntry | undefined, work: () => Promise<Result>): Promise<Result> {
  if (entry === undefined) return work()
  const result = entry.turn.then(work)
  entry.turn = result.catch(() => undefined)
  return result
}

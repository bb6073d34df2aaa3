import { judgeToken, refreshDueAt } from '../policy/expiry.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { type AccessToken, createAccessToken } from '../token/access-token.ts'
import type { TokenSet } from '../token/token-set.ts'
import { noToken } from './session-context.ts'
import type { TokenFacts } from './session-events.ts'

/**
 * The in-memory holder of the current token set, outside the chart. It only ever moves to a higher generation, and
 * takes nothing of a sign-in that was signed out of here.
 */
export interface Vault {
  /** The current access token, or `undefined`. */
  readonly token: AccessToken | undefined
  /** The same, already resolved: the path of a fresh token makes nothing new. */
  readonly resolvedToken: Promise<AccessToken> | undefined
  /** Until when that token may be served without a thought, in milliseconds since the epoch; 0 when not at all. */
  readonly freshUntil: number
  readonly highestGeneration: number
  /** What may be known of the current token set outside. */
  readonly facts: TokenFacts
  /** Takes the token set of a record, if it is newer; answers with the facts of what is held then. */
  take(record: SessionRecord): TokenFacts
  /** How usable the current token is: not at all, for now, or `fresh`. */
  judge(now: number): 'unusable' | 'expiring' | 'fresh'
  /** Serves the token of a generation no longer: a resource server refused it. */
  withhold(generation: number): void
  /** Forgets the tokens of a sign-in, and will not take anything of it again. */
  close(signInId: string): void
  /** Forgets the tokens. */
  clear(): void
}

export function createVault(options: { random: () => number; needsRefreshToken: boolean }): Vault {
  const { random, needsRefreshToken } = options
  let token: AccessToken | undefined
  let resolvedToken: Promise<AccessToken> | undefined
  let facts = noToken
  let freshUntil = 0
  let withheld = 0
  let highestGeneration = 0
  let closedSignInId: string | undefined

  function hold(tokenSet: TokenSet | undefined, record: SessionRecord) {
    highestGeneration = Math.max(highestGeneration, record.generation)
    token = tokenSet && createAccessToken(tokenSet, record.generation)
    resolvedToken = token && Promise.resolve(token)
    facts = describe(tokenSet, record, { random, needsRefreshToken })
    freshUntil = token === undefined ? 0 : Math.min(facts.refreshDueAt ?? Infinity, facts.expiresAt ?? Infinity)
  }

  function clear() {
    token = undefined
    resolvedToken = undefined
    freshUntil = 0
    facts = { ...noToken, generation: facts.generation, signInId: facts.signInId }
  }

  return {
    get token() {
      return token
    },
    get resolvedToken() {
      return resolvedToken
    },
    get freshUntil() {
      return freshUntil
    },
    get highestGeneration() {
      return highestGeneration
    },
    get facts() {
      return facts
    },
    take(record) {
      if (record.signInId === closedSignInId || record.generation < highestGeneration) return facts
      const tokenSet = record.secrets?.tokenSet
      if (token !== undefined && tokenSet?.accessToken === token.value && record.generation === token.generation) {
        // The same set again, perhaps without its refresh token: when it is due was decided already.
        facts = { ...facts, refreshable: isRefreshable(tokenSet, needsRefreshToken) }
      } else {
        hold(tokenSet, record)
      }
      return facts
    },
    judge(now) {
      if (token === undefined || withheld === token.generation) return 'unusable'
      if (now < freshUntil) return 'fresh'
      const { expiresAt, refreshDueAt = Number.POSITIVE_INFINITY } = facts
      const judgement = judgeToken(expiresAt === undefined ? { refreshDueAt } : { expiresAt, refreshDueAt }, now)
      return judgement === 'expired' ? 'unusable' : judgement
    },
    withhold(generation) {
      if (token?.generation !== generation) return
      withheld = generation
      freshUntil = 0
    },
    close(signInId) {
      closedSignInId = signInId
      if (facts.signInId === signInId) clear()
    },
    clear,
  }
}

function describe(
  tokenSet: TokenSet | undefined,
  record: SessionRecord,
  options: { random: () => number; needsRefreshToken: boolean },
): TokenFacts {
  const { generation, signInId } = record
  if (tokenSet === undefined) return { ...noToken, generation, signInId }
  const { receivedAt, expiresAt } = tokenSet
  const dueAt = refreshDueAt(tokenSet, options.random())
  const wasUnusable = expiresAt !== undefined && expiresAt <= receivedAt
  return {
    generation,
    signInId,
    held: true,
    refreshable: isRefreshable(tokenSet, options.needsRefreshToken),
    receivedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(Number.isFinite(dueAt) ? { refreshDueAt: dueAt } : {}),
    ...(wasUnusable && record.backoffUntil !== undefined ? { retryAt: record.backoffUntil } : {}),
  }
}

function isRefreshable(tokenSet: TokenSet, needsRefreshToken: boolean): boolean {
  return tokenSet.refreshToken !== undefined || !needsRefreshToken
}

import { attainableValidity, refreshDueAt as dueAtOf, isUnusableOnArrival, judgeToken } from '../policy/expiry.ts'
import type { SessionRecord, SessionSecrets } from '../store/session-record.ts'
import { type AccessToken, createAccessToken } from '../token/access-token.ts'
import type { ProofKey, ProofMaker } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'
import { provingWith } from './prove-token.ts'
import { noToken } from './session-context.ts'
import type { TokenFacts } from './session-events.ts'

/**
 * The in-memory holder of the current token set, outside the chart, which decides what is held: the vault describes a
 * record to it, and holds the tokens behind a description once the chart has taken it.
 */
export interface Vault {
  /** The current access token, or `undefined`. */
  readonly token: AccessToken | undefined
  /** The same, already resolved: the path of a fresh token makes nothing new. */
  readonly resolvedToken: Promise<AccessToken> | undefined
  /** Until when that token may be served without a thought, in milliseconds since the epoch; 0 when not at all. */
  readonly freshUntil: number
  /** The highest generation ever heard of. */
  readonly highestGeneration: number
  /** What may be known of the current token set outside. */
  readonly facts: TokenFacts
  /** What may be known of a record's token set outside. Changes nothing that is held. */
  describe(record: SessionRecord): TokenFacts
  /** Holds the token set behind a description, in place of the one before; never one of a lower generation. */
  hold(facts: TokenFacts): void
  /** How usable the current token is: not at all, for now, or `fresh`. */
  judge(now: number): 'unusable' | 'expiring' | 'fresh'
  /** Whether the current token is good for some time yet, as far as any new one would be. */
  lasts(minimumValidityMilliseconds: number, now: number): boolean
  /** Serves the token of a generation no longer: a resource server refused it. */
  withhold(generation: number): void
  /** Whether the token of a generation is withheld already. */
  isWithheld(generation: number): boolean
  /** Forgets the tokens. */
  clear(): void
}

/** The secrets behind each description. Nobody finds them but by the description itself. */
const secretsBehind = new WeakMap<TokenFacts, SessionSecrets>()

/** The id token that a vault holds: for its claims, and nothing else. */
export function heldIdToken({ facts }: Vault): string | undefined {
  return secretsBehind.get(facts)?.tokenSet.idToken
}

export interface VaultOptions {
  readonly random: () => number
  readonly needsRefreshToken: boolean
  /** Makes proofs for tokens that are bound to a key. */
  readonly dpop?: ProofMaker | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function createVault(options: VaultOptions): Vault {
  let withheld = 0
  /** The token set came by a refresh: another refresh would bring none that lasts longer. */
  let isRenewed = false

  /** The key of this sign-in. One object for as long as it lasts, since each is imported once. */
  let proofKey: ProofKey | undefined

  function set(next: TokenFacts, secrets: SessionSecrets | undefined) {
    const { facts, token } = vault
    const tokenSet = secrets?.tokenSet
    proofKey = (next.signInId === facts.signInId && secrets !== undefined && proofKey) || secrets?.proofKey
    isRenewed = next.signInId === facts.signInId && (isRenewed || next.generation > facts.generation)
    vault.facts = next
    if (tokenSet?.accessToken !== token?.value || next.generation !== token?.generation) {
      vault.token = tokenSet && createAccessToken(tokenSet, next.generation, provingWith(tokenSet, proofKey, options))
      vault.resolvedToken = vault.token && Promise.resolve(vault.token)
    }
    const isServed = vault.token !== undefined && withheld !== next.generation
    vault.freshUntil = isServed ? Math.min(next.refreshDueAt ?? Infinity, next.expiresAt ?? Infinity) : 0
  }

  // Written here only. Getters would keep others from it too, but an object with getters takes a kilobyte more.
  const vault: { -readonly [Name in keyof Vault]: Vault[Name] } = {
    token: undefined,
    resolvedToken: undefined,
    freshUntil: 0,
    highestGeneration: 0,
    facts: noToken,
    describe(record) {
      vault.highestGeneration = Math.max(vault.highestGeneration, record.generation)
      const tokenSet = record.secrets?.tokenSet
      const { generation, signInId } = record
      if (tokenSet === undefined) {
        const refreshable = record.status === 'signedIn' && !options.needsRefreshToken
        return { ...noToken, generation, signInId, refreshable }
      }
      const description = describeTokenSet(tokenSet, record, options)
      // The same set again, perhaps without its refresh token: when it is due was decided already.
      const { held, refreshDueAt } = vault.facts
      const isHeld = held && vault.facts.generation === generation && refreshDueAt !== undefined
      const next = isHeld ? { ...description, refreshDueAt } : description
      if (record.secrets !== undefined) secretsBehind.set(next, record.secrets)
      return next
    },
    hold(next) {
      if (vault.token === undefined || next.generation >= vault.token.generation) set(next, secretsBehind.get(next))
    },
    judge(now) {
      if (vault.token === undefined || withheld === vault.token.generation) return 'unusable'
      if (now < vault.freshUntil) return 'fresh'
      const { expiresAt, refreshDueAt = Number.POSITIVE_INFINITY } = vault.facts
      const judgement = judgeToken(expiresAt === undefined ? { refreshDueAt } : { expiresAt, refreshDueAt }, now)
      return judgement === 'expired' ? 'unusable' : judgement
    },
    lasts(minimumValidityMilliseconds, now) {
      const { facts } = vault
      const { expiresAt = Number.POSITIVE_INFINITY } = facts
      const wanted = isRenewed ? attainableValidity(facts, minimumValidityMilliseconds) : minimumValidityMilliseconds
      return now + wanted < expiresAt
    },
    withhold(generation) {
      if (vault.token?.generation !== generation) return
      withheld = generation
      vault.freshUntil = 0
    },
    isWithheld: (generation) => withheld === generation,
    clear() {
      const { generation, signInId } = vault.facts
      set({ ...noToken, generation, signInId }, undefined)
    },
  }
  return vault
}

function describeTokenSet(tokenSet: TokenSet, record: SessionRecord, options: VaultOptions): TokenFacts {
  const { generation, signInId, backoffUntil } = record
  const { receivedAt, expiresAt, refreshToken } = tokenSet
  const dueAt = dueAtOf(tokenSet, options.random())
  return {
    generation,
    signInId,
    held: true,
    // An empty one, which another program may have stored, is none.
    refreshable: Boolean(refreshToken) || !options.needsRefreshToken,
    receivedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(Number.isFinite(dueAt) ? { refreshDueAt: dueAt } : {}),
    ...(isUnusableOnArrival(tokenSet) && backoffUntil !== undefined ? { retryAt: backoffUntil } : {}),
  }
}

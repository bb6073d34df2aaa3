import { ConfigurationError } from '../errors/configuration-error.ts'
import { attainableValidity, judgeToken, refreshDueAt, signInExpiringAt } from '../policy/expiry.ts'
import type { SessionRecord, SessionSecrets } from '../store/session-record.ts'
import { type AccessToken, createAccessToken } from '../token/access-token.ts'
import type { Grant } from '../token/grant.ts'
import type { ProofKey, TokenProofs } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'
import { noToken } from './session-context.ts'
import type { TokenFacts } from './session-events.ts'

/** The record behind each description. Nothing finds it but the description itself. */
const recordBehind = new WeakMap<TokenFacts, SessionRecord>()

/** What a vault needs of the options of its session. */
export interface VaultOptions {
  readonly grant: Grant
  readonly clock: { now(): number }
  /** How long before its expiry a token is due; default: by its lifetime. */
  readonly refreshMarginMilliseconds?: number | undefined
  random(): number
}

/**
 * The in-memory holder of the current token set, outside the chart, which decides what is held: the vault describes a
 * record to it, and holds the tokens behind a description once the chart has come to rest with it.
 */
export class Vault {
  /** The current access token, or `undefined`. */
  token: AccessToken | undefined
  /** The same, already resolved: the path of a fresh token makes nothing new. */
  resolvedToken: Promise<AccessToken> | undefined
  /** Until when that token may be served without a thought, in milliseconds since the epoch; 0 when not at all. */
  freshUntil = 0
  /** The highest generation ever heard of. */
  highestGeneration = 0
  /** What may be known of the current token set outside. */
  facts: TokenFacts = noToken
  /** The key of this sign-in. One object for as long as it lasts, since each is imported once. */
  #proofKey: ProofKey | undefined
  /** The token set came by a refresh: another refresh would bring none that lasts longer. */
  #isRenewed = false
  readonly #options: VaultOptions

  constructor(options: VaultOptions) {
    this.#options = options
  }

  /** What may be known of a record's token set outside. Changes nothing that is held. */
  describe(record: SessionRecord): TokenFacts {
    this.highestGeneration = Math.max(this.highestGeneration, record.generation)
    const { generation, signInId, secrets, rejections, status } = record
    const { needsRefreshToken } = this.#options.grant
    const refreshable = !needsRefreshToken && status === 'signedIn'
    const facts =
      secrets === undefined
        ? { ...noToken, generation, signInId, refreshable, rejections }
        : this.#describeTokens(record, secrets)
    recordBehind.set(facts, record)
    return facts
  }

  #describeTokens(record: SessionRecord, { tokenSet }: SessionSecrets): TokenFacts {
    const { generation, signInId, rejections, status } = record
    const { receivedAt, expiresAt, refreshToken, signInExpiresAt, signInEndKnownAt = receivedAt } = tokenSet
    // The same set again, perhaps without its refresh token: when it is due was decided already.
    const isHeld = this.facts.held && this.facts.generation === generation && this.facts.refreshDueAt !== undefined
    const { grant, random, refreshMarginMilliseconds } = this.#options
    const dueAt = isHeld ? this.facts.refreshDueAt : refreshDueAt(tokenSet, random(), refreshMarginMilliseconds)
    return {
      generation,
      signInId,
      held: true,
      // An empty one, which another program may have stored, is none.
      refreshable: Boolean(refreshToken) || (!grant.needsRefreshToken && status === 'signedIn'),
      receivedAt,
      expiresAt,
      refreshDueAt: dueAt === Infinity ? undefined : dueAt,
      retryAt: record.failure?.code === 'tokenUnusable' ? record.backoffUntil : undefined,
      signInExpiresAt,
      signInExpiringAt: signInExpiresAt && signInExpiringAt(signInExpiresAt, signInEndKnownAt),
      rejections,
    }
  }

  /** Holds the token set behind a description. `withheld`: it is not to be served without a thought. */
  hold(facts: TokenFacts, withheld: boolean): void {
    if (facts !== this.facts) this.#take(facts)
    const isServed = this.token !== undefined && !withheld
    this.freshUntil = isServed ? Math.min(facts.refreshDueAt ?? Infinity, facts.expiresAt ?? Infinity) : 0
  }

  #take(next: TokenFacts): void {
    const { facts, token } = this
    const secrets = recordBehind.get(next)?.secrets
    const tokenSet = secrets?.tokenSet
    const isSameSignIn = next.signInId === facts.signInId
    this.#proofKey = (isSameSignIn && secrets !== undefined && this.#proofKey) || secrets?.proofKey
    this.#isRenewed = isSameSignIn && (this.#isRenewed || next.generation > facts.generation)
    this.facts = next
    if (tokenSet?.accessToken === token?.value && next.generation === token?.generation) return
    this.token =
      tokenSet && createAccessToken(tokenSet, next.generation, proofsFor(tokenSet, this.#proofKey, this.#options))
    this.resolvedToken = this.token && Promise.resolve(this.token)
  }

  /** The id token that is held: for its claims, and nothing else. */
  get idToken(): string | undefined {
    return this.record?.secrets?.tokenSet.idToken
  }

  /** The record that the current token set came with. */
  get record(): SessionRecord | undefined {
    return recordBehind.get(this.facts)
  }

  /** What the clock says of the current token. */
  judge(now: number): 'unusable' | 'expiring' | 'fresh' {
    if (this.token === undefined) return 'unusable'
    const { expiresAt, refreshDueAt: dueAt = Infinity } = this.facts
    const judgement = judgeToken({ expiresAt, refreshDueAt: dueAt }, now)
    return judgement === 'expired' ? 'unusable' : judgement
  }

  /** What else the app wanted to be kept of the server's answers. */
  get details(): Readonly<Record<string, unknown>> | undefined {
    return this.record?.secrets?.tokenSet.details
  }

  /** Whether the current token is good for some time yet, as far as any new one would be. */
  lasts(minimumValidityMilliseconds: number, now: number): boolean {
    const wanted = this.#isRenewed
      ? attainableValidity(this.facts, minimumValidityMilliseconds)
      : minimumValidityMilliseconds
    return now + wanted < (this.facts.expiresAt ?? Infinity)
  }
}

/** How proofs are made for the access token of a token set; `undefined` where none are needed: a bearer token. */
function proofsFor(
  { tokenType, accessToken }: TokenSet,
  proofKey: ProofKey | undefined,
  { grant: { dpop }, clock }: VaultOptions,
): TokenProofs | undefined {
  if (tokenType !== 'DPoP') return undefined
  return dpop?.proofsFor({ accessToken, proofKey, now: () => clock.now() }) ?? Object.assign(refuse, { send: refuse })
}

async function refuse(): Promise<never> {
  throw new ConfigurationError('grant', 'must have `dpop: dpop()`: these tokens are bound to a key.')
}

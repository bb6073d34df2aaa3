import { isObject, isText } from '../errors/check-options.ts'
import type { EndReason, TransientCode } from '../errors/codes.ts'
import { fitsHeader, fitsScheme } from '../token/normalize-token-set.ts'
import { isProofKey, type ProofKey } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'

/** The record format this version reads and writes. */
export const recordFormatVersion = 1

/**
 * What a store keeps of one session. Everything but `secrets` is clear: it can be listed while a keyring is locked.
 *
 * Fields that this version does not know are kept when it writes; a record with a higher `formatVersion` is never
 * written over.
 */
export interface SessionRecord {
  readonly formatVersion: number
  /** The number of the token set held; greater with each new one, never restarted. */
  readonly generation: number
  /** The highest number ever given out, at least `generation`. */
  readonly highestReservedGeneration: number
  /** Opaque and random, new with every write: compare-and-set is on it. */
  readonly revision: string
  /** Random, new with every sign-in: tells a session from the one that replaced it. */
  readonly signInId: string
  readonly status: 'signedIn' | 'signedOut' | 'ended'
  readonly identity: SessionIdentity
  /** When the access token expires, in milliseconds since the epoch; a copy, for listing. */
  readonly expiresAt?: number
  /** Written before a token request, cleared with its outcome. Found later, the outcome is unknown. */
  readonly refreshIntent?: RefreshIntent
  /** No refresh of our own accord before this time, in milliseconds since the epoch. */
  readonly backoffUntil?: number
  /** The server asked for no request before this time, in milliseconds since the epoch; nothing shortens it. */
  readonly serverCooldownUntil?: number
  /** The run of transient failures under way. */
  readonly failure?: FailureRun
  /** How many token sets in a row were unusable on arrival. */
  readonly rejectionStreak: number
  /** Refusals of the refresh token that may mean its end or not; cleared by new tokens and by a sign-in. */
  readonly refusals?: RefusalRun
  /** The origins that keep rejecting access tokens, by origin; at most eight. */
  readonly rejections?: Readonly<Record<string, RejectionRun>>
  readonly end?: SessionEnd
  /**
   * The secret part; absent in a tombstone, after an end that erased it, and before the first token of a session whose
   * grant signs in by itself.
   */
  readonly secrets?: SessionSecrets
}

/** Whose session this is. */
export interface SessionIdentity {
  readonly issuer?: string
  readonly clientId?: string
  readonly subject?: string
}

/** A token request that may be under way: written before it is sent. */
export interface RefreshIntent {
  /** The generation whose refresh token is being spent. */
  readonly generation: number
  /** The generation that its successor will have. */
  readonly reservedGeneration: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Random, one per holder: which tab or process wrote this. */
  readonly holder: string
  /** An earlier request with this refresh token has an unknown outcome. */
  readonly outcomeUnknown: boolean
}

/** How often in a row, and since when, refreshing has failed. */
export interface FailureRun {
  readonly code: TransientCode
  /** Failures in a row. */
  readonly count: number
  /** When the run began, in milliseconds since the epoch. */
  readonly since: number
  /** How many of them, at the end of the run, were refusals in JSON without a word we know. */
  readonly refusalsWithoutReason: number
}

/** How often a token endpoint refused with a word that this library does not know, or with none. */
export interface RefusalRun {
  readonly count: number
  /** When the first came, in milliseconds since the epoch. */
  readonly since: number
  /** Whether any was a bare 400. */
  readonly bare: boolean
}

/** An origin that rejects access tokens, and that no refresh has satisfied yet. */
export interface RejectionRun {
  /** The last generation that it rejected. */
  readonly generation: number
  /** How often in a row a new token set did not help. */
  readonly count: number
  /** Its rejections start no refresh before this time, in milliseconds since the epoch. */
  readonly pausedUntil?: number
}

/** Why and when the session ended. */
export interface SessionEnd {
  readonly reason: EndReason
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  readonly serverCode?: string
}

/** What of a record is secret, and sealed by stores that seal. */
export interface SessionSecrets {
  readonly tokenSet: TokenSet
  /** The key that the tokens are bound to (RFC 9449); a `CryptoKeyPair` only where the store keeps `CryptoKey`s. */
  readonly proofKey?: ProofKey
}

/** What `SessionStore.list` tells of a session: nothing secret. */
export interface SessionSummary {
  readonly key: string
  readonly status: SessionRecord['status']
  readonly generation: number
  readonly identity: SessionIdentity
  readonly expiresAt?: number
  readonly end?: SessionEnd
}

/** The summary of a record. */
export function summarizeRecord(key: string, record: SessionRecord): SessionSummary {
  const { status, generation, identity, expiresAt, end } = record
  return { key, status, generation, identity, expiresAt, end }
}

/** What a stored value turned out to be. */
export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: SessionRecord }
  | { readonly kind: 'newerFormat'; readonly formatVersion: number }
  | { readonly kind: 'malformed'; readonly problem: string }

/** Judges a value that a store gave back, trusting nothing about it. */
export function parseSessionRecord(value: unknown): ParsedRecord {
  if (!isObject(value)) return { kind: 'malformed', problem: 'it is not an object' }
  const { formatVersion } = value
  if (!isCount(formatVersion)) return { kind: 'malformed', problem: '`formatVersion` is not a number' }
  if (formatVersion > recordFormatVersion) return { kind: 'newerFormat', formatVersion }
  const problem = Object.keys(recordShape).find((name) => recordShape[name]?.(value[name], value) !== true)
  if (problem !== undefined) return { kind: 'malformed', problem: `\`${problem}\` is missing or malformed` }
  return { kind: 'record', record: value as unknown as SessionRecord }
}

type Check = (value: unknown, whole: Record<string, unknown>) => boolean

/* @__NO_SIDE_EFFECTS__ */
const optional =
  (check: (value: unknown) => boolean): Check =>
  (value) =>
    value === undefined || check(value)

/* @__NO_SIDE_EFFECTS__ */
const objectOf =
  (shape: Readonly<Record<string, Check>>) =>
  (value: unknown): boolean =>
    isObject(value) && Object.keys(shape).every((name) => shape[name]?.(value[name], value))

/** More than generations will be for a hundred thousand years, and far from where counting ends. */
const highestGeneration = 2 ** 52

/** A number that can still be counted on from: a record with one that cannot would be lost with its next token set. */
export function isGeneration(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < highestGeneration
}

/** A count, or a time in milliseconds since the epoch. */
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

const isString = (value: unknown) => typeof value === 'string'
const isBoolean = (value: unknown) => typeof value === 'boolean'
const optionalCount = optional(isCount)
const optionalString = optional(isString)
const isEnd = objectOf({ reason: isText, endedAt: isCount, serverCode: optionalString })
const isRejectionRun = objectOf({ generation: isCount, count: isCount, pausedUntil: optionalCount })

const recordShape: Readonly<Record<string, Check>> = {
  generation: isGeneration,
  highestReservedGeneration: (value, { generation }) => isGeneration(value) && value >= Number(generation),
  revision: isText,
  signInId: isText,
  status: (value) => value === 'signedIn' || value === 'signedOut' || value === 'ended',
  identity: (value) => isObject(value) && Object.values(value).every(isString),
  rejectionStreak: isCount,
  expiresAt: optionalCount,
  backoffUntil: optionalCount,
  serverCooldownUntil: optionalCount,
  refreshIntent: optional(
    objectOf({
      generation: isCount,
      reservedGeneration: isCount,
      startedAt: isCount,
      holder: isString,
      outcomeUnknown: isBoolean,
    }),
  ),
  failure: optional(objectOf({ code: isText, count: isCount, since: isCount, refusalsWithoutReason: isCount })),
  refusals: optional(objectOf({ count: isCount, since: isCount, bare: isBoolean })),
  rejections: optional((value) => isObject(value) && Object.values(value).every(isRejectionRun)),
  end: (value, { status }) => isEnd(value) || (value === undefined && status !== 'ended'),
  secrets: optional(
    objectOf({
      tokenSet: objectOf({
        accessToken: (value) => typeof value === 'string' && fitsHeader(value),
        tokenType: (value) => typeof value === 'string' && fitsScheme(value),
        receivedAt: isCount,
        expiresAt: optionalCount,
        refreshToken: optionalString,
        idToken: optionalString,
        scope: optionalString,
        signInExpiresAt: optionalCount,
        signInEndKnownAt: optionalCount,
        details: optional(isObject),
      }),
      proofKey: optional(isProofKey),
    }),
  ),
}

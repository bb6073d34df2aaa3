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
  /** How many token sets in a row were unusable on arrival or rejected soon after. */
  readonly rejectionStreak: number
  readonly end?: SessionEnd
  /**
   * The secret part; absent in a tombstone, after an end that erased it, and before the first token of a session that
   * needs no sign-in.
   */
  readonly secrets?: SessionSecrets
}

/** Whose session this is. */
export interface SessionIdentity {
  readonly issuer?: string
  readonly clientId?: string
  readonly subject?: string
}

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

export interface FailureRun {
  readonly code: TransientCode
  /** Failures in a row. */
  readonly count: number
  /** When the run began, in milliseconds since the epoch. */
  readonly since: number
  /** How many of them were a bare 400: a refusal without a reason. */
  readonly refusalsWithoutReason: number
}

export interface SessionEnd {
  readonly reason: EndReason
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  readonly serverCode?: string
}

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
  return {
    key,
    status,
    generation,
    identity,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(end === undefined ? {} : { end }),
  }
}

/** What a stored value turned out to be. */
export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: SessionRecord }
  | { readonly kind: 'newerFormat'; readonly formatVersion: number }
  | { readonly kind: 'malformed'; readonly problem: string }

/** Judges a value that a store gave back, trusting nothing about it. */
export function parseSessionRecord(value: unknown): ParsedRecord {
  if (!isObject(value)) return { kind: 'malformed', problem: 'it is no object' }
  const version = value.formatVersion
  if (!isTime(version)) return { kind: 'malformed', problem: '`formatVersion` is no number' }
  if (version > recordFormatVersion) return { kind: 'newerFormat', formatVersion: version }
  const problem = findProblem(value)
  if (problem !== undefined) return { kind: 'malformed', problem: `\`${problem}\` is missing or malformed` }
  return { kind: 'record', record: value as unknown as SessionRecord }
}

function findProblem(value: Record<string, unknown>): string | undefined {
  const checks: Record<string, boolean> = {
    generation: isGeneration(value.generation),
    highestReservedGeneration:
      isGeneration(value.highestReservedGeneration) && value.highestReservedGeneration >= Number(value.generation),
    revision: isText(value.revision),
    signInId: isText(value.signInId),
    status: ['signedIn', 'signedOut', 'ended'].includes(value.status as string),
    identity: isObject(value.identity) && Object.values(value.identity).every((part) => typeof part === 'string'),
    rejectionStreak: isTime(value.rejectionStreak),
    expiresAt: isOptional(value.expiresAt, isTime),
    backoffUntil: isOptional(value.backoffUntil, isTime),
    serverCooldownUntil: isOptional(value.serverCooldownUntil, isTime),
    refreshIntent: isOptional(value.refreshIntent, isRefreshIntent),
    failure: isOptional(value.failure, isFailureRun),
    end: value.status === 'ended' ? isSessionEnd(value.end) : isOptional(value.end, isSessionEnd),
    secrets: isOptional(value.secrets, isSecrets),
  }
  return Object.keys(checks).find((field) => checks[field] === false)
}

function isRefreshIntent(value: unknown): boolean {
  return (
    isObject(value) &&
    isTime(value.generation) &&
    isTime(value.reservedGeneration) &&
    isTime(value.startedAt) &&
    typeof value.holder === 'string' &&
    typeof value.outcomeUnknown === 'boolean'
  )
}

function isFailureRun(value: unknown): boolean {
  return (
    isObject(value) &&
    isText(value.code) &&
    isTime(value.count) &&
    isTime(value.since) &&
    isTime(value.refusalsWithoutReason)
  )
}

function isSessionEnd(value: unknown): boolean {
  return (
    isObject(value) &&
    isText(value.reason) &&
    isTime(value.endedAt) &&
    isOptional(value.serverCode, (code) => typeof code === 'string')
  )
}

function isSecrets(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.tokenSet)) return false
  const { tokenSet } = value
  return (
    typeof tokenSet.accessToken === 'string' &&
    fitsHeader(tokenSet.accessToken) &&
    typeof tokenSet.tokenType === 'string' &&
    fitsScheme(tokenSet.tokenType) &&
    isTime(tokenSet.receivedAt) &&
    isOptional(tokenSet.expiresAt, isTime) &&
    isOptional(value.proofKey, isProofKey) &&
    ['refreshToken', 'idToken', 'scope'].every((name) => isOptional(tokenSet[name], (part) => typeof part === 'string'))
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** More than generations will be for a hundred thousand years, and far from where counting ends. */
const highestGeneration = 2 ** 52

/** A number that can still be counted on from: a record with one that cannot would be lost with its next token set. */
function isGeneration(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= highestGeneration
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isOptional(value: unknown, check: (value: unknown) => boolean): boolean {
  return value === undefined || check(value)
}

import { type Clock, systemClock } from '../clock/clock.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import type { SessionDebugEntry } from '../refresh/debug-entry.ts'
import { createFunctionGrant } from '../refresh/function-grant.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { ClassifyFailure } from '../token/failure-facts.ts'
import { type Grant, needsSignIn, type RefreshFunction } from '../token/grant.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import { type Environment, globalEnvironment } from './environment.ts'

/** How a session is kept, refreshed and used. */
export interface SessionOptions {
  /** Names the session in its store, such as `acme:alice`. Sessions with the same key and store are one. */
  readonly key: string
  /** Where the session is kept. */
  readonly store: SessionStore
  /** How it gets new tokens: a grant of `@authchart/core/oauth`, or an own function. */
  readonly grant: Grant | RefreshFunction
  /**
   * The origins whose requests carry the token, such as `https://api.acme.example`; https, or http on loopback.
   * Default: none.
   */
  readonly allowedOrigins?: readonly string[]
  /** The header that carries the token. Default `Authorization`. */
  readonly header?: string
  /** What stands before the token in that header; an empty string for nothing. Default: the token's type. */
  readonly scheme?: string
  /** Statuses besides 401 by which the API says "this token is rejected", such as 403 or 459. Default: none. */
  readonly rejectedStatuses?: readonly number[]
  /** `eager` refreshes when due; `onUse` when next asked. Default: what the store suggests, else `onUse`. */
  readonly refreshTiming?: 'eager' | 'onUse'
  /** How long a caller waits for a token, in milliseconds; the refresh itself goes on. Default 10,000. */
  readonly maximumWaitMilliseconds?: number
  /** End the session as `unreachable` once refreshing has failed for longer than this. Default: never. */
  readonly giveUpAfterMilliseconds?: number
  /** How long disposing of the session waits for a refresh under way, in milliseconds. Default 10,000. */
  readonly disposeTimeoutMilliseconds?: number
  /** The app's call to action when nobody is signed in any more, such as `run "acme login"`. */
  readonly signInHint?: string
  /** The app's word on token endpoints that stray from the RFC. */
  readonly classifyFailure?: ClassifyFailure
  /** Receives redacted entries of every token request and decision. */
  readonly debug?: (entry: SessionDebugEntry) => void
  /** Time and timers. Default: the system's. */
  readonly clock?: Clock
  /** A number from 0 up to 1, for jitter. Default `Math.random`. */
  readonly random?: () => number
  /** Network and wake-ups. Default: `globalEnvironment`, what `globalThis` tells. */
  readonly environment?: Environment
}

/** The options with their defaults, checked. */
export interface ResolvedOptions {
  readonly key: string
  readonly store: SessionStore
  readonly grant: Grant
  readonly allowedOrigins: readonly string[]
  readonly header: string
  readonly scheme: string | undefined
  readonly rejectedStatuses: ReadonlySet<number>
  readonly refreshTiming: 'eager' | 'onUse'
  readonly maximumWaitMilliseconds: number
  readonly giveUpAfterMilliseconds: number | undefined
  readonly disposeTimeoutMilliseconds: number
  readonly signInHint: string | undefined
  readonly classifyFailure: ClassifyFailure | undefined
  readonly debug: ((entry: SessionDebugEntry) => void) | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly environment: Environment
}

const defaultMaximumWait = 10_000
const defaultDisposeTimeout = 10_000
/** What helps where nobody can sign in. */
const refreshHint = 'call refresh() to begin again'
/** One for all sessions that list none. */
const noStatuses: ReadonlySet<number> = new Set()

/**
 * Checks the options and fills in defaults.
 * @throws ConfigurationError for an option that is missing, malformed or unknown
 */
export function resolveOptions(options: SessionOptions): ResolvedOptions {
  require(isObject(options), 'options', 'must be an object: createSession({ key, store, grant })')
  rejectUnknownOptions(options, knownOptions)
  const { key, store, clock = systemClock, environment = globalEnvironment } = options
  require(typeof key === 'string' && key !== '', 'key', 'must be a non-empty string, such as "acme:alice"')
  requireMethods(store, 'store', ['read', 'compareAndSet', 'lease', 'watch', 'list'])
  requireFunction(store.check, 'store.check')
  requireMethods(clock, 'clock', ['now', 'setTimeout', 'clearTimeout'])
  requireMethods(environment, 'environment', ['isOnline', 'subscribe'])
  requireFunction(options.random, 'random')
  requireFunction(options.debug, 'debug')
  requireFunction(options.classifyFailure, 'classifyFailure')
  const { signInHint, scheme, header = 'Authorization', allowedOrigins = [], rejectedStatuses = [] } = options
  require(signInHint === undefined ||
    typeof signInHint === 'string', 'signInHint', 'must be a string, such as \'run "acme login"\'')
  require(isScheme(scheme), 'scheme', 'must be one word, such as "Bearer", or empty')
  require(isHeaderName(header), 'header', 'must be a header name, such as "Authorization"')
  const { refreshTiming = store.suggestedRefreshTiming ?? 'onUse' } = options
  require(refreshTiming === 'eager' || refreshTiming === 'onUse', 'refreshTiming', 'must be "eager" or "onUse"')
  const grant = resolveGrant(options.grant)
  return {
    key,
    store,
    grant,
    allowedOrigins: resolveOrigins(allowedOrigins),
    header,
    scheme,
    rejectedStatuses: resolveStatuses(rejectedStatuses),
    refreshTiming,
    maximumWaitMilliseconds: duration(options, 'maximumWaitMilliseconds') ?? defaultMaximumWait,
    giveUpAfterMilliseconds: duration(options, 'giveUpAfterMilliseconds'),
    disposeTimeoutMilliseconds: duration(options, 'disposeTimeoutMilliseconds') ?? defaultDisposeTimeout,
    signInHint: signInHint ?? (needsSignIn(grant) ? undefined : refreshHint),
    classifyFailure: options.classifyFailure,
    debug: options.debug,
    clock,
    random: options.random === undefined ? Math.random : bounded(options.random),
    environment,
  }
}

const knownOptions: Record<keyof SessionOptions, true> = {
  key: true,
  store: true,
  grant: true,
  allowedOrigins: true,
  header: true,
  scheme: true,
  rejectedStatuses: true,
  refreshTiming: true,
  maximumWaitMilliseconds: true,
  giveUpAfterMilliseconds: true,
  disposeTimeoutMilliseconds: true,
  signInHint: true,
  classifyFailure: true,
  debug: true,
  clock: true,
  random: true,
  environment: true,
}

function resolveGrant(grant: unknown): Grant {
  if (typeof grant === 'function') return createFunctionGrant(grant as RefreshFunction)
  const expected =
    'must be a grant, such as refreshTokenGrant({ issuer, clientId }) of "@authchart/core/oauth", or a function that returns new tokens'
  require(isGrant(grant), 'grant', expected)
  return grant
}

function isGrant(grant: unknown): grant is Grant {
  if (!isObject(grant)) return false
  const { refresh, needsRefreshToken, signIn, identity, revoke } = grant
  return (
    typeof refresh === 'function' &&
    typeof needsRefreshToken === 'boolean' &&
    (signIn === undefined || typeof signIn === 'function') &&
    isObject(identity) &&
    (revoke === undefined || typeof revoke === 'function')
  )
}

function resolveOrigins(origins: unknown): readonly string[] {
  const expected = 'must be a list of origins without a path, such as ["https://api.acme.example"]'
  require(Array.isArray(origins), 'allowedOrigins', expected)
  return origins.map((origin: unknown, index) => resolveOrigin(origin, `allowedOrigins[${index}]`))
}

function resolveOrigin(origin: unknown, option: string): string {
  const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined
  require(url !== undefined, option, 'must be an origin, such as "https://api.acme.example"')
  const isBare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  require(isBare && url.origin !== 'null', option, `must be an origin alone: "${url.origin}"`)
  require(isSecureUrl(url), option, "must be https, or http on loopback: a token sent in the clear is everybody's")
  // The app's own text where it says the same: it is there already, and the other drags the whole URL along.
  return url.origin === origin ? origin : url.origin
}

function resolveStatuses(statuses: unknown): ReadonlySet<number> {
  const isList =
    Array.isArray(statuses) && statuses.every((status) => Number.isInteger(status) && status >= 400 && status <= 599)
  require(isList, 'rejectedStatuses', 'must be a list of HTTP statuses from 400 to 599, such as [403]')
  return statuses.length === 0 ? noStatuses : new Set(statuses as number[])
}

function duration(options: SessionOptions, name: keyof SessionOptions): number | undefined {
  const value: unknown = options[name]
  if (value === undefined) return undefined
  require(typeof value === 'number' && value >= 0, name, 'must be a number of milliseconds, zero or more')
  return value
}

/** A jitter that is no number would end up in the record as a time that is none. */
function bounded(random: () => number): () => number {
  return () => Math.min(Math.max(random() || 0, 0), 1)
}

function requireMethods(value: unknown, option: string, methods: readonly string[]): void {
  const missing = methods.find((method) => !isObject(value) || typeof value[method] !== 'function')
  require(missing ===
    undefined, option, `must be an object with the methods ${methods.join(', ')}; ${missing} is missing`)
}

function requireFunction(value: unknown, option: string): void {
  require(value === undefined || typeof value === 'function', option, 'must be a function')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** What a header cannot carry would be quoted, with the token after it, by the error that fetch throws. */
function isScheme(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && /^[\x21-\x7e]*$/.test(value))
}

/** @see RFC 9110, section 5.6.2: a field name is a token */
function isHeaderName(value: unknown): boolean {
  return typeof value === 'string' && /^[!#$%&'*+.^_`|~\w-]+$/.test(value)
}

function require(condition: boolean, option: string, expected: string): asserts condition {
  if (!condition) throw new ConfigurationError(option, `${expected}.`)
}

import { type Clock, systemClock } from '../clock/clock.ts'
import {
  callable,
  checkOptions,
  isObject,
  isText,
  milliseconds,
  type OptionRules,
  required,
  ruleOf,
  withMethods,
} from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { FunctionGrant } from '../refresh/function-grant.ts'
import type { SessionDebugEntry } from '../refresh/holder.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { ClassifyFailure } from '../token/failure-facts.ts'
import type { Grant, RefreshFunction } from '../token/grant.ts'
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
   * Default: none, which is for sessions without `createFetch` and `createKyHooks`.
   */
  readonly allowedOrigins?: readonly string[]
  /** The app's call to action when no user is signed in any more, such as `run "acme login"`. Default: to sign in again. */
  readonly signInHint?: string | undefined
  /** How requests carry the token. Default: in `Authorization`, after the token's type. */
  readonly http?: HttpOptions | undefined
  /**
   * `eager` refreshes when due, while the page can be seen; `always` in a hidden page too; `onUse` when next asked.
   * Default: what the store suggests, else `onUse`.
   */
  readonly refreshTiming?: 'eager' | 'always' | 'onUse' | undefined
  /**
   * How long before its expiry an access token is due, in milliseconds: for servers that refuse to refresh early.
   * Default: a quarter of its lifetime, between 10 s and 15 min. At most half of the lifetime in any case.
   */
  readonly refreshMarginMilliseconds?: number | undefined
  /** How long a caller waits for a token, in milliseconds; the refresh itself goes on. Default 10,000. */
  readonly maximumWaitMilliseconds?: number | undefined
  /** End the session as `unreachable` once refreshing has failed for so many milliseconds. Default: never. */
  readonly giveUpAfterMilliseconds?: number | undefined
  /** How long closing the session waits for a refresh under way, in milliseconds. Default 10,000. */
  readonly disposeTimeoutMilliseconds?: number | undefined
  /** Says what failures of the token endpoint mean where the general rules do not know; asked before a preset. Default: none. */
  readonly classifyFailure?: ClassifyFailure | undefined
  /** Receives redacted entries of every token request and decision. Default: none. */
  readonly debug?: ((entry: SessionDebugEntry) => void) | undefined
  /** What the session takes from the device it runs on: for tests, and where an app knows more. Default: what `globalThis` has. */
  readonly runtime?: RuntimeOptions | undefined
}

/** How requests carry the token. */
export interface HttpOptions {
  /** The header that carries the token. Default: what the provider's preset says, else `Authorization`. */
  readonly header?: string | undefined
  /** What stands before the token in that header; an empty string for nothing. Default: what the preset says, else the token's type. */
  readonly scheme?: string | undefined
  /** Statuses besides 401 by which the API says "this token is rejected", such as 403 or 459. Default: none. */
  readonly rejectedStatuses?: readonly number[] | undefined
  /**
   * Whether a response that looks accepted says that the token was rejected, for APIs that say so with 200 or 403 and a
   * body. `body` is its JSON, if that is up to 64 kB and there within 2 s, and `undefined` otherwise; the caller still gets
   * the whole of it. Only `true` counts. Default: no response.
   */
  readonly isRejected?: ((response: { readonly status: number; readonly body?: unknown }) => boolean) | undefined
}

/** What a session takes from the device it runs on. */
export interface RuntimeOptions {
  /** Time and timers. Default: the system's. */
  readonly clock?: Clock | undefined
  /** A number from 0 up to 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined
  /** Network and wake-ups. Default: `globalEnvironment`, what `globalThis` tells. */
  readonly environment?: Environment | undefined
}

/** The options with their defaults, checked. */
export interface ResolvedOptions
  extends Omit<SessionOptions, 'http' | 'runtime'>,
    Omit<HttpOptions, 'header' | 'rejectedStatuses'> {
  readonly grant: Grant
  readonly allowedOrigins: readonly string[]
  readonly header: string
  readonly rejectedStatuses: ReadonlySet<number>
  readonly refreshTiming: 'eager' | 'always' | 'onUse'
  readonly maximumWaitMilliseconds: number
  readonly disposeTimeoutMilliseconds: number
  readonly clock: Clock
  readonly random: () => number
  readonly environment: Environment
}

const defaultWait = 10_000
/** What helps where no user can sign in. */
const refreshHint = 'call refresh() to begin again'
/** One for all sessions that list none. */
const noStatuses: ReadonlySet<number> = new Set()

/** What each option of a session may be. */
export const sessionRules: OptionRules<SessionOptions> = {
  key: required(ruleOf('a non-empty string, such as "acme:alice"', isText)),
  store: required(withMethods('read', 'compareAndSet', 'lease', 'watch', 'list')),
  grant: required(
    ruleOf(
      'a grant, such as refreshTokenGrant({ … }) of "@authchart/core/oauth", or a function',
      (value) => typeof value === 'function' || isGrant(value),
    ),
  ),
  allowedOrigins: ruleOf('a list of origins without a path, such as ["https://api.acme.example"]', (value) =>
    Array.isArray(value),
  ),
  signInHint: ruleOf('a string, such as \'run "acme login"\'', (value) => typeof value === 'string'),
  http: ruleOf('an object, such as { scheme: "Bearer" }', isObject),
  refreshTiming: ruleOf(
    '"eager", "always" or "onUse"',
    (value) => value === 'eager' || value === 'always' || value === 'onUse',
  ),
  refreshMarginMilliseconds: milliseconds,
  maximumWaitMilliseconds: milliseconds,
  giveUpAfterMilliseconds: milliseconds,
  disposeTimeoutMilliseconds: milliseconds,
  classifyFailure: callable,
  debug: callable,
  runtime: ruleOf('an object, such as { clock }', isObject),
}

const httpRules: OptionRules<HttpOptions> = {
  // RFC 9110, section 5.6.2: a field name is a token.
  header: ruleOf(
    'a header name, such as "Authorization"',
    (value) => isText(value) && /^[!#$%&'*+.^_`|~\w-]+$/.test(value),
  ),
  // What a header cannot carry would be quoted, with the token after it, by the error that fetch throws.
  scheme: ruleOf(
    'one word, such as "Bearer", or empty',
    (value) => typeof value === 'string' && /^[\x21-\x7e]*$/.test(value),
  ),
  rejectedStatuses: ruleOf('a list of HTTP statuses from 200 to 599, such as [403]', isStatusList),
  isRejected: callable,
}

const runtimeRules: OptionRules<RuntimeOptions> = {
  clock: withMethods('now', 'setTimeout', 'clearTimeout'),
  random: callable,
  environment: withMethods('isOnline', 'subscribe'),
}

/**
 * Checks the options and fills in defaults.
 * @throws ConfigurationError for an option that is missing, malformed or unknown
 */
export function resolveOptions(options: SessionOptions): ResolvedOptions {
  checkOptions(options, sessionRules)
  const { http = {}, runtime = {}, ...given } = options
  const { store, allowedOrigins = [], signInHint } = given
  checkNested('http', http, httpRules)
  checkNested('runtime', runtime, runtimeRules)
  if (store.check !== undefined) checkOptions({ 'store.check': store.check }, { 'store.check': callable })
  const { clock = systemClock, random, environment = globalEnvironment } = runtime
  const grant: Grant = typeof options.grant === 'function' ? new FunctionGrant(options.grant) : options.grant
  // What a provider's preset says of its API holds where the app says nothing.
  const provided = grant.provider?.http ?? {}
  const { rejectedStatuses = [] } = http
  return {
    ...given,
    grant,
    allowedOrigins: allowedOrigins.map((origin, index) => resolveOrigin(origin, `allowedOrigins[${index}]`)),
    header: http.header ?? provided.header ?? 'Authorization',
    scheme: http.scheme ?? provided.scheme,
    isRejected: http.isRejected ?? provided.isRejected,
    rejectedStatuses: rejectedStatuses.length === 0 ? noStatuses : new Set(rejectedStatuses),
    refreshTiming: given.refreshTiming ?? store.suggestedRefreshTiming ?? 'onUse',
    maximumWaitMilliseconds: given.maximumWaitMilliseconds ?? defaultWait,
    disposeTimeoutMilliseconds: given.disposeTimeoutMilliseconds ?? defaultWait,
    signInHint: signInHint ?? (grant.signIn === undefined ? undefined : refreshHint),
    clock,
    random: random === undefined ? Math.random : bounded(random),
    environment,
  }
}

/** Names the option by its whole path, such as `http.header`. */
function checkNested<Options extends object>(group: string, options: Options, table: OptionRules<Options>): void {
  const named = (object: object) =>
    Object.fromEntries(Object.entries(object).map(([name, value]) => [`${group}.${name}`, value]))
  checkOptions(named(options), named(table))
}

function isGrant(grant: unknown): grant is Grant {
  if (!isObject(grant)) return false
  const { refresh, needsRefreshToken, identity, signIn, revoke } = grant
  const isOptionalFunction = (value: unknown) => value === undefined || typeof value === 'function'
  return (
    typeof refresh === 'function' &&
    typeof needsRefreshToken === 'boolean' &&
    isObject(identity) &&
    isOptionalFunction(signIn) &&
    isOptionalFunction(revoke)
  )
}

function isStatusList(value: unknown): boolean {
  return Array.isArray(value) && value.every((status) => Number.isInteger(status) && status >= 200 && status <= 599)
}

function resolveOrigin(origin: unknown, option: string): string {
  const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined
  if (url === undefined || url.href !== `${url.origin}/` || url.hostname.includes('*') || !isSecureUrl(url)) {
    const expected = 'an origin, such as "https://api.acme.example", without wildcards; http is for loopback only'
    throw new ConfigurationError(option, `must be ${expected}.`)
  }
  // Reuse the app's string: `url.origin` would keep the whole URL alive.
  return url.origin === origin ? origin : url.origin
}

/** A jitter that is not a number would end up in the record as a time that is none. */
function bounded(random: () => number): () => number {
  return () => Math.min(Math.max(random() || 0, 0), 1)
}

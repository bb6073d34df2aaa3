import { timeoutSignal } from '../clock/wait.ts'
import type { TransientCode } from '../errors/codes.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { NotSignedInError } from '../errors/not-signed-in-error.ts'
import { isRefreshUnavailableError, RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import { SessionEndedError } from '../errors/session-ended-error.ts'
import type { SessionError } from '../errors/session-error.ts'
import { isRetryDue } from '../policy/backoff.ts'
import type { AccessToken } from '../token/access-token.ts'
import { untilAborted } from '../token/until-aborted.ts'
import type { GetAccessTokenOptions } from './session.ts'
import { isRejected } from './session-context.ts'
import type { SessionCore } from './session-core.ts'

/** What a caller wants, and how it has fared so far. */
interface Caller {
  readonly signal?: AbortSignal | undefined
  readonly minimumValidityMilliseconds: number
  readonly newerThan?: number | undefined
  /** Where the token goes, if that is known. */
  readonly origin?: string | undefined
  /** Until when it waits, in milliseconds since the epoch. */
  readonly patienceUntil: number
  /** Aborts when the caller's patience is over, or with its own signal. Made when it first waits. */
  patience?: { readonly signal: AbortSignal; stop(): void }
  /** How many refreshes it has asked for or joined. */
  refreshes: number
  /** It has looked at the store again. */
  hasLooked: boolean
}

/** What to do for a caller. */
type Decision =
  | { readonly kind: 'serve'; readonly token: AccessToken }
  /** Ask the chart for a newer token. With `token`: serve that meanwhile. */
  | { readonly kind: 'prompt'; readonly token?: AccessToken }
  /** Wait for the refresh under way, or for another change. With `until`: no longer than to that time, then try. */
  | { readonly kind: 'wait'; readonly until?: number }
  /** Read the store again: what is believed may no longer be so. */
  | { readonly kind: 'look' }
  | { readonly kind: 'fail'; readonly error: SessionError }

/** How often a caller asks again where what came has expired at once. */
const mostRefreshes = 3

/**
 * Serves a caller whose token is not simply fresh, within its patience. One that cannot be served waits for as long as
 * waiting can help, and one try serves all who wait.
 */
export async function getAccessTokenSlowly(
  core: SessionCore,
  options: GetAccessTokenOptions & { origin?: string } = {},
): Promise<AccessToken> {
  const { signal, minimumValidityMilliseconds = 0, newerThan, origin } = options
  if (!(Number.isFinite(minimumValidityMilliseconds) && minimumValidityMilliseconds >= 0)) {
    throw new ConfigurationError('minimumValidityMilliseconds', 'must be a number of milliseconds, zero or more.')
  }
  const caller = createCaller(core, { signal, minimumValidityMilliseconds, newerThan, origin })
  try {
    for (;;) {
      signal?.throwIfAborted()
      if (core.isStopped) throw new SessionDisposedError()
      if (newerThan !== undefined) rejectForCaller(core, newerThan)
      const decision = decide(core, caller)
      if (decision.kind === 'fail') throw departing(core, decision.error)
      if (decision.kind === 'prompt') await prompt(core, caller)
      if ('token' in decision && decision.token !== undefined) return decision.token
      if (decision.kind === 'look') await lookAgain(core, caller)
      if (decision.kind === 'wait' && !(await waitForChange(core, caller, decision.until))) {
        return serveAfterAll(core, caller)
      }
    }
  } finally {
    caller.patience?.stop()
  }
}

function createCaller(
  core: SessionCore,
  wish: Partial<Pick<Caller, 'signal' | 'minimumValidityMilliseconds' | 'newerThan' | 'origin'>>,
  waitedMilliseconds = 0,
): Caller {
  const patienceUntil = core.clock.now() + core.options.maximumWaitMilliseconds - waitedMilliseconds
  return { minimumValidityMilliseconds: 0, ...wish, patienceUntil, refreshes: 0, hasLooked: false }
}

/**
 * Callers without a request say which token was rejected, and get a newer one or an error, never the same. Said again
 * after each wait: what a refresh came to may have been about another server's rejection.
 */
function rejectForCaller(core: SessionCore, generation: number): void {
  const origin = ''
  if (core.reject({ origin, address: origin, generation }) !== 'paused') return
  throw unavailable('tokenUnusable', core.pausedUntil(origin))
}

/** Decides what a caller gets: at most one refresh where that brings tokens, and no waiting that cannot help. */
function decide(core: SessionCore, caller: Caller): Decision {
  const { snapshot, context, vault } = core
  const { token, judgement } = judgeFor(core, caller)
  const now = core.clock.now()
  const lasts = vault.lasts(caller.minimumValidityMilliseconds, now)
  switch (snapshot.status) {
    case 'signingOut':
      return { kind: 'fail', error: errorOf(core) }
    case 'signedOut':
      if (context.settings.signsIn && !context.tombstone) return { kind: 'prompt' }
      return caller.hasLooked ? { kind: 'fail', error: errorOf(core) } : { kind: 'look' }
    case 'restoring':
      return context.failure === undefined ? { kind: 'wait' } : retryOrFail(core, caller)
    case 'refreshing':
      if (token !== undefined && (lasts || context.unstored)) {
        const until = core.refreshStartedAt + youngWaitMilliseconds
        return isYoung(core) && now < until && !context.unstored ? { kind: 'wait', until } : { kind: 'serve', token }
      }
      // Nothing newer can come before the store is back, and nothing tells when that is.
      if (context.unstored) {
        return { kind: 'fail', error: unavailable('storeUnavailable') }
      }
      return { kind: 'wait' }
    case 'invalidated':
      if (token !== undefined) return { kind: 'serve', token }
      return caller.hasLooked ? { kind: 'fail', error: errorOf(core) } : { kind: 'look' }
  }
  const wantsMore = token === undefined || (vault.facts.refreshable && (judgement === 'expiring' || !lasts))
  const servedMeanwhile = lasts && !isYoung(core) ? token : undefined
  if (snapshot.status === 'transientFailure') {
    if (token === undefined) return retryOrFail(core, caller)
    const mayTry = isRetryDue(retryOf(core), now) && wantsMore && caller.refreshes === 0
    return mayTry ? { kind: 'prompt', token: servedMeanwhile } : { kind: 'serve', token }
  }
  if (wantsMore && caller.refreshes === 0) return { kind: 'prompt', token: servedMeanwhile }
  if (token !== undefined) return { kind: 'serve', token }
  // Another holder's token may have expired meanwhile; after three tries that is not an accident.
  if (caller.refreshes < mostRefreshes) return { kind: 'prompt' }
  return { kind: 'fail', error: unavailable('tokenUnusable') }
}

/** In its first minute a session may belong to a short program, which ends as soon as it has its token. */
const youngMilliseconds = 60_000
/** For so long such a program waits for the refresh of a token that is due but good. */
const youngWaitMilliseconds = 2_000

function isYoung({ clock, openedAt, context }: SessionCore): boolean {
  return context.settings.refreshTiming === 'onUse' && clock.now() - openedAt < youngMilliseconds
}

/** The token, if it may be served to this caller, and what the clock says of it. */
function judgeFor(
  core: SessionCore,
  { origin, newerThan, minimumValidityMilliseconds }: Caller,
): { token: AccessToken | undefined; judgement: 'unusable' | 'expiring' | 'fresh' } {
  const { vault, context, snapshot } = core
  const judgement = vault.judge(core.clock.now())
  const isOld = newerThan !== undefined && context.token.generation <= newerThan
  // While something is being done about a rejection, the origins that made it and those unknown wait for that.
  const isDone = snapshot.status === 'transientFailure'
  const isElsewhere = origin !== undefined && !context.rejected?.origins.includes(origin)
  const isWithheld =
    isRejected(context) && !isDone && (!isElsewhere || context.end !== undefined || minimumValidityMilliseconds > 0)
  return judgement === 'unusable' || isOld || isWithheld
    ? { token: undefined, judgement: 'unusable' }
    : { token: vault.token, judgement }
}

function retryOf({ context: { failure } }: SessionCore) {
  return failure && { retryAt: failure.retryAt, serverAsked: failure.serverAsked === true }
}

/** Waits for the next try if that falls within the caller's patience. */
function retryOrFail(core: SessionCore, caller: Caller): Decision {
  const now = core.clock.now()
  if (isRetryDue(retryOf(core), now)) return { kind: 'prompt' }
  const { patienceUntil } = caller
  const { retryAt = now } = core.snapshot
  if (retryAt >= patienceUntil) return { kind: 'fail', error: errorOf(core) }
  // A little later only where that is in time.
  return { kind: 'wait', until: core.tryAt < patienceUntil ? Math.max(core.tryAt, retryAt) : retryAt }
}

async function prompt(core: SessionCore, caller: Caller): Promise<void> {
  if (core.isDeparting) throw new SessionDisposedError()
  const { failure } = core.context
  core.requestToken(!core.vault.lasts(caller.minimumValidityMilliseconds, core.clock.now()))
  await chartHasHeard()
  caller.refreshes += 1
  const { status } = core.snapshot
  // The chart sees no reason to try: waiting would not end.
  if (failure !== undefined && core.context.failure === failure && status === 'transientFailure') throw errorOf(core)
}

/**
 * The chart has dealt with the events sent so far. It usually has when `send` returns; not so when the sender is a
 * listener that the chart itself is just calling.
 */
function chartHasHeard(): Promise<void> {
  return Promise.resolve()
}

/** Waits for the refresh under way, or for another change of the session. Returns whether patience lasted so long. */
async function waitForChange(core: SessionCore, caller: Caller, until?: number): Promise<boolean> {
  const { clock, refreshing } = core
  if (refreshing !== undefined) caller.refreshes = Math.max(caller.refreshes, 1)
  if (until === undefined) return (await wait<unknown>(core, caller, refreshing ?? core.untilChange())) !== timedOut
  const { promise: isTime, resolve } = Promise.withResolvers<void>()
  const timer = clock.setTimeout(resolve, until - clock.now())
  try {
    const change: Promise<unknown> = refreshing ?? core.untilChange()
    return (await wait(core, caller, Promise.race([change, isTime]))) !== timedOut
  } finally {
    clock.clearTimeout(timer)
  }
}

const timedOut = Symbol('timedOut')

/** Waits for a promise within the caller's patience. */
async function wait<Value>(core: SessionCore, caller: Caller, promise: Promise<Value>): Promise<Value | symbol> {
  const { clock } = core
  const { signal, patienceUntil } = caller
  // A caller that waits is work to be done: the process stays until it has its answer.
  caller.patience ??= timeoutSignal(clock, patienceUntil - clock.now(), { signal, keepAlive: true })
  try {
    return await untilAborted(promise, caller.patience.signal)
  } catch {
    signal?.throwIfAborted()
    return timedOut
  }
}

/** The caller's patience is over. One resource server's word, or a silent authorization server, is not an end. */
function serveAfterAll(core: SessionCore, { newerThan }: Caller): AccessToken {
  const { vault, clock, context, refreshing, snapshot } = core
  const { token } = vault
  const isServed = newerThan === undefined && context.end === undefined && vault.judge(clock.now()) !== 'unusable'
  if (isServed && token !== undefined) return token
  const { code, retryAt } = snapshot
  throw departing(core, refreshing === undefined && code ? unavailable(code, retryAt) : unavailable('timeout'))
}

/**
 * For a caller with a rejection in hand: a token that is newer than the rejected one, if there is one or the refresh
 * under way brings it. Never waits for a backoff, a cooldown or a pause.
 *
 * @param caller `waitedMilliseconds`: how much of its patience is gone
 */
export async function getNewerToken(
  core: SessionCore,
  rejected: Parameters<SessionCore['reject']>[0],
  { signal, waitedMilliseconds }: { signal: AbortSignal | undefined; waitedMilliseconds: number },
): Promise<AccessToken | undefined> {
  const { origin, generation: newerThan } = rejected
  const caller = createCaller(core, { signal, newerThan, origin }, waitedMilliseconds)
  try {
    for (let refreshes = 0; ; refreshes += 1) {
      signal?.throwIfAborted()
      const { token } = judgeFor(core, caller)
      if (token !== undefined || refreshes === mostRefreshes || core.isDeparting) return token
      // What a refresh came to may have been about another address's rejection.
      if (refreshes > 0 && core.reject(rejected) === 'paused') return undefined
      // Of a hundred that are rejected together, one costs the chart a step.
      if (core.refreshing === undefined) {
        core.requestToken(false)
        await chartHasHeard()
      }
      // A call that has used up its patience before its request went out waits no second time.
      const isPatient = waitedMilliseconds === 0 || caller.patienceUntil > core.clock.now()
      if (core.refreshing === undefined || !isPatient) return judgeFor(core, caller).token
      if ((await wait(core, caller, core.refreshing)) === timedOut) return undefined
    }
  } finally {
    caller.patience?.stop()
  }
}

/** Looks at the store again, at most once a second for all callers, and for at most a second. */
async function lookAgain(core: SessionCore, caller: Caller): Promise<void> {
  caller.hasLooked = true
  await wait(core, caller, core.lookAgain())
}

/** Gets new tokens now, or says why there are none. */
export async function refreshNow(
  core: SessionCore,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<AccessToken> {
  signal?.throwIfAborted()
  const caller = createCaller(core, { signal })
  try {
    if (core.snapshot.status === 'restoring') {
      // Where the store could not be read, this reads it again.
      await requestRefresh(core)
      while (isReading(core)) {
        if (!(await waitForChange(core, caller))) throw departing(core, unavailable('timeout'))
      }
    }
    refuseWithoutRefreshToken(core)
    for (;;) {
      const token = await joinRefresh(core, caller)
      if (token !== undefined) return token
    }
  } finally {
    caller.patience?.stop()
  }
}

/** What has brought tokens. */
const tokenEvents: ReadonlySet<unknown> = new Set(['tokens.stored', 'tokens.adopted', 'tokens.unstored'])

/** Returns nothing where the refresh that was joined turned out not to be worth making. */
async function joinRefresh(core: SessionCore, caller: Caller): Promise<AccessToken | undefined> {
  const { vault, clock } = core
  const before = vault.token?.generation ?? 0
  await requestRefresh(core)
  const { refreshing = Promise.resolve(undefined) } = core
  const came = core.context.unstored ? 'tokens.unstored' : await wait(core, caller, refreshing)
  if (core.isStopped) throw new SessionDisposedError()
  if (came === timedOut) throw departing(core, unavailable('timeout'))
  if (came === 'refresh.paused') return undefined
  const { token } = vault
  const isNew = token !== undefined && (token.generation > before || tokenEvents.has(came))
  // A new refresh token may come beside the old access token: that is not what was asked for.
  const isGood = core.snapshot.status !== 'transientFailure' && vault.judge(clock.now()) !== 'unusable'
  if (isNew && isGood) return token
  throw departing(core, errorOf(core))
}

async function requestRefresh(core: SessionCore): Promise<void> {
  core.send({ type: 'refresh.requested', now: core.clock.now() })
  await chartHasHeard()
}

function isReading({ snapshot, context, isStopped }: SessionCore): boolean {
  return snapshot.status === 'restoring' && context.failure === undefined && !isStopped
}

/** The session is not over while its token lives; but new tokens can only come from a sign-in. */
function refuseWithoutRefreshToken({ vault, options, clock, snapshot }: SessionCore): void {
  const now = clock.now()
  if (vault.facts.refreshable || vault.judge(now) === 'unusable' || snapshot.reason !== undefined) return
  throw new SessionEndedError({ reason: 'noRefreshToken', endedAt: now, signInHint: options.signInHint })
}

/** While the session is being disposed of, no failure passes any more. */
function departing(core: SessionCore, error: Error): Error {
  return core.isDeparting && isRefreshUnavailableError(error) ? new SessionDisposedError() : error
}

/** Why there is no token. */
function errorOf({ snapshot, context, options, restoreError }: SessionCore): SessionError {
  const { signInHint } = options
  const { status, reason, endedAt = 0, serverCode, code = 'tokenUnusable', retryAt } = snapshot
  if (status === 'signedOut' || status === 'signingOut') return new NotSignedInError({ signInHint })
  if (reason !== undefined && status === 'invalidated') {
    return new SessionEndedError({ reason, endedAt, serverCode, signInHint })
  }
  const { serverWords, mayBeOver } = context.failure ?? {}
  const cause = status === 'restoring' ? restoreError : undefined
  return new RefreshUnavailableError({ code, retryAt, serverWords, mayBeOver }, cause && { cause })
}

function unavailable(code: TransientCode, retryAt?: number): RefreshUnavailableError {
  return new RefreshUnavailableError({ code, retryAt })
}

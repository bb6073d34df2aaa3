import { ConfigurationError } from '../errors/configuration-error.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import type { SessionError } from '../errors/session-error.ts'
import { isRetryDue } from '../policy/backoff.ts'
import type { AccessToken } from '../token/access-token.ts'
import { pausedUntil, reject } from './rejected-tokens.ts'
import type { GetAccessTokenOptions } from './session.ts'
import { isRejected } from './session-context.ts'
import type { SessionCore } from './session-core.ts'
import {
  type Caller,
  chartHasHeard,
  createCaller,
  departing,
  errorOf,
  timedOut,
  unavailable,
  wait,
  waitForChange,
} from './waiting.ts'

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

/**
 * Callers without a request say which token was rejected, and get a newer one or an error, never the same. Said again
 * after each wait: what a refresh came to may have been about another server's rejection.
 */
function rejectForCaller(core: SessionCore, generation: number): void {
  const origin = ''
  if (reject(core, { origin, address: origin, generation }) !== 'paused') return
  throw unavailable('tokenUnusable', pausedUntil(core, origin))
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
  rejected: Parameters<typeof reject>[1],
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
      if (refreshes > 0 && reject(core, rejected) === 'paused') return undefined
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

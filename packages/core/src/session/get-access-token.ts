import { ConfigurationError } from '../errors/configuration-error.ts'
import { isRefreshUnavailableError, RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import { SessionEndedError } from '../errors/session-ended-error.ts'
import type { AccessToken } from '../token/access-token.ts'
import { chartHasHeard } from './chart-has-heard.ts'
import { decideForCaller } from './serve-caller.ts'
import type { GetAccessTokenOptions } from './session.ts'
import type { SessionParts } from './session-parts.ts'
import type { SessionSnapshot } from './session-snapshot.ts'
import type { CallerWait, WaitingRequests } from './waiting-requests.ts'

/** What serving callers needs besides the parts. */
export interface CallerSide {
  readonly waiting: WaitingRequests
  getSnapshot(): SessionSnapshot
  isUnstored(): boolean
  isDisposed(): boolean
}

/** Serves a caller whose token is not simply fresh: at most one refresh, bounded in time. */
export async function getAccessTokenSlowly(
  parts: SessionParts,
  side: CallerSide,
  options: GetAccessTokenOptions = {},
): Promise<AccessToken> {
  const { signal, minimumValidityMilliseconds = 0 } = options
  if (!(Number.isFinite(minimumValidityMilliseconds) && minimumValidityMilliseconds >= 0)) {
    throw new ConfigurationError('minimumValidityMilliseconds', 'must be a number of milliseconds, zero or more.')
  }
  const wait = side.waiting.startWait({ signal, milliseconds: parts.options.maximumWaitMilliseconds })
  try {
    return await serveCaller(parts, side, { signal, minimumValidityMilliseconds, wait })
  } finally {
    wait.end()
  }
}

async function serveCaller(
  parts: SessionParts,
  side: CallerSide,
  caller: { signal: AbortSignal | undefined; minimumValidityMilliseconds: number; wait: CallerWait },
): Promise<AccessToken> {
  const { vault } = parts
  const { signal, minimumValidityMilliseconds, wait } = caller
  for (let prompts = 0; ; ) {
    signal?.throwIfAborted()
    if (side.isDisposed()) throw new SessionDisposedError()
    const now = parts.options.clock.now()
    const lastsLongEnough = vault.lasts(minimumValidityMilliseconds, now)
    const snapshot = side.getSnapshot()
    const decision = decideForCaller({ ...viewOf(parts, side), now, token: vault.judge(now), lastsLongEnough, prompts })
    switch (decision.kind) {
      case 'fail':
        throw departing(parts, decision.error)
      case 'serve':
      case 'serveAndPrompt': {
        const { token } = vault
        if (decision.kind === 'serveAndPrompt') parts.send({ type: 'token.requested', now, evenIfFresh: false })
        if (token !== undefined) return token
        await wait.untilChange()
        break
      }
      case 'prompt':
        if (parts.departure.signal.aborted) throw new SessionDisposedError()
        prompts += 1
        parts.send({ type: 'token.requested', now, evenIfFresh: !lastsLongEnough })
        await chartHasHeard()
        break
      case 'wait':
        if (snapshot.status === 'refreshing') prompts = Math.max(prompts, 1)
        await wait.untilChange()
    }
  }
}

/** Gets new tokens now, or says why there are none. */
export async function refreshNow(
  parts: SessionParts,
  side: CallerSide,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<AccessToken> {
  signal?.throwIfAborted()
  const wait = side.waiting.startWait({ signal, milliseconds: parts.options.maximumWaitMilliseconds })
  try {
    if (side.getSnapshot().status === 'restoring') {
      // Where the store could not be read, this reads it again.
      await requestRefresh(parts)
      while (isReading(side.getSnapshot()) && !side.isDisposed()) await wait.untilChange()
    }
    refuseWithoutRefreshToken(parts, side)
    return await joinRefresh(parts, side, { signal, wait })
  } finally {
    wait.end()
  }
}

async function joinRefresh(
  parts: SessionParts,
  side: CallerSide,
  { signal, wait }: { signal: AbortSignal | undefined; wait: CallerWait },
): Promise<AccessToken> {
  const { vault } = parts
  const { clock } = parts.options
  const before = vault.token?.generation ?? 0
  const joined = side.getSnapshot().status === 'refreshing'
  await requestRefresh(parts)
  for (;;) {
    signal?.throwIfAborted()
    if (side.isDisposed()) throw new SessionDisposedError()
    const snapshot = side.getSnapshot()
    // Tokens that wait for the store are served meanwhile: nobody knows when it will be back.
    if ((snapshot.status !== 'refreshing' || side.isUnstored()) && !isReading(snapshot)) {
      const { token } = vault
      const isNew = token !== undefined && token.generation > before
      // New tokens may have been on their way to the store when we joined.
      const isJoined = joined && snapshot.usable && snapshot.code === undefined && snapshot.reason === undefined
      if (token !== undefined && (isNew || isJoined) && vault.judge(clock.now()) !== 'unusable') return token
      throw departing(parts, failureOf(parts, side))
    }
    await wait.untilChange()
  }
}

async function requestRefresh({ send, options }: SessionParts): Promise<void> {
  send({ type: 'refresh.requested', now: options.clock.now() })
  await chartHasHeard()
}

/** The session is not over while its token lives; but new tokens can only come from a sign-in. */
function refuseWithoutRefreshToken({ vault, options }: SessionParts, side: CallerSide): void {
  const now = options.clock.now()
  if (vault.facts.refreshable || vault.judge(now) === 'unusable' || side.getSnapshot().reason !== undefined) return
  throw new SessionEndedError({ reason: 'noRefreshToken', endedAt: now, signInHint: options.signInHint })
}

/** While the session is being disposed of, nothing that passes passes any more. */
function departing({ departure }: SessionParts, error: Error): Error {
  return departure.signal.aborted && isRefreshUnavailableError(error) ? new SessionDisposedError() : error
}

function viewOf(parts: SessionParts, side: CallerSide) {
  return {
    snapshot: side.getSnapshot(),
    refreshable: parts.vault.facts.refreshable,
    unstored: side.isUnstored(),
    signInHint: parts.options.signInHint,
    storeError: parts.restoreError,
  }
}

function isReading({ status, code }: SessionSnapshot): boolean {
  return status === 'restoring' && code === undefined
}

function failureOf(parts: SessionParts, side: CallerSide): Error {
  const view = viewOf(parts, side)
  const now = parts.options.clock.now()
  const decision = decideForCaller({
    ...view,
    now,
    // After this refresh nothing would help but another.
    snapshot: { ...view.snapshot, retryAt: view.snapshot.retryAt ?? now },
    token: 'unusable',
    lastsLongEnough: false,
    refreshable: false,
    prompts: Number.POSITIVE_INFINITY,
  })
  return decision.kind === 'fail' ? decision.error : new RefreshUnavailableError({ code: 'tokenUnusable' })
}

import { ConfigurationError } from '../errors/configuration-error.ts'
import { isRefreshUnavailableError, RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import type { AccessToken } from '../token/access-token.ts'
import { type CallerView, decideForCaller } from './serve-caller.ts'
import type { GetAccessTokenOptions } from './session.ts'
import type { SessionParts } from './session-parts.ts'
import type { SessionSnapshot } from './session-snapshot.ts'
import type { WaitingRequests } from './waiting-requests.ts'

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
  const { vault } = parts
  const { clock, maximumWaitMilliseconds, signInHint } = parts.options
  const { signal, minimumValidityMilliseconds = 0 } = options
  if (!(Number.isFinite(minimumValidityMilliseconds) && minimumValidityMilliseconds >= 0)) {
    throw new ConfigurationError('minimumValidityMilliseconds', 'must be a number of milliseconds, zero or more.')
  }
  const deadline = clock.now() + maximumWaitMilliseconds
  let prompts = 0
  for (;;) {
    signal?.throwIfAborted()
    if (side.isDisposed()) throw new SessionDisposedError()
    const snapshot = side.getSnapshot()
    const now = clock.now()
    const { expiresAt = Number.POSITIVE_INFINITY, refreshable } = vault.facts
    const lastsLongEnough = now + minimumValidityMilliseconds < expiresAt
    const decision = decideForCaller({
      snapshot,
      now,
      token: vault.judge(now),
      lastsLongEnough,
      refreshable,
      prompts,
      unstored: side.isUnstored(),
      signInHint,
      storeError: parts.restoreError,
    })
    switch (decision.kind) {
      case 'fail':
        throw departing(parts, decision.error)
      case 'serve':
      case 'serveAndPrompt': {
        const { token } = vault
        if (decision.kind === 'serveAndPrompt') parts.send({ type: 'token.requested', now, evenIfFresh: false })
        if (token !== undefined) return token
        break
      }
      case 'prompt':
        if (parts.departure.signal.aborted) throw new SessionDisposedError()
        prompts += 1
        parts.send({ type: 'token.requested', now, evenIfFresh: !lastsLongEnough })
        continue
      case 'wait':
        if (snapshot.status === 'refreshing') prompts = Math.max(prompts, 1)
    }
    await side.waiting.untilChangeInTime({ signal, deadline })
  }
}

/** Gets new tokens now, or says why there are none. */
export async function refreshNow(
  parts: SessionParts,
  side: CallerSide,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<AccessToken> {
  const { vault } = parts
  const { clock, maximumWaitMilliseconds, signInHint } = parts.options
  signal?.throwIfAborted()
  const deadline = clock.now() + maximumWaitMilliseconds
  if (side.getSnapshot().status === 'restoring') {
    // Where the store could not be read, this reads it again.
    parts.send({ type: 'refresh.requested', now: clock.now() })
    while (isReading(side.getSnapshot()) && !side.isDisposed())
      await side.waiting.untilChangeInTime({ signal, deadline })
  }
  const before = vault.highestGeneration
  const joined = side.getSnapshot().status === 'refreshing'
  parts.send({ type: 'refresh.requested', now: clock.now() })
  for (;;) {
    signal?.throwIfAborted()
    if (side.isDisposed()) throw new SessionDisposedError()
    const snapshot = side.getSnapshot()
    // Tokens that wait for the store are served meanwhile: nobody knows when it will be back.
    const unstored = side.isUnstored()
    if ((snapshot.status !== 'refreshing' || unstored) && !isReading(snapshot)) {
      const { token } = vault
      const isNew = token !== undefined && token.generation > before
      // New tokens may have been on their way to the store when we joined.
      const isJoined = joined && snapshot.usable && snapshot.code === undefined && snapshot.reason === undefined
      if (token !== undefined && (isNew || isJoined) && vault.judge(clock.now()) !== 'unusable') return token
      throw departing(
        parts,
        failureOf(snapshot, { now: clock.now(), unstored, signInHint, storeError: parts.restoreError }),
      )
    }
    await side.waiting.untilChangeInTime({ signal, deadline })
  }
}

/** While the session is being disposed of, nothing that passes passes any more. */
function departing({ departure }: SessionParts, error: Error): Error {
  return departure.signal.aborted && isRefreshUnavailableError(error) ? new SessionDisposedError() : error
}

function isReading({ status, code }: SessionSnapshot): boolean {
  return status === 'restoring' && code === undefined
}

function failureOf(
  snapshot: SessionSnapshot,
  context: Pick<CallerView, 'now' | 'unstored' | 'signInHint' | 'storeError'>,
): Error {
  const decision = decideForCaller({
    ...context,
    // After this refresh nothing would help but another.
    snapshot: { ...snapshot, retryAt: snapshot.retryAt ?? context.now },
    token: 'unusable',
    lastsLongEnough: false,
    refreshable: false,
    prompts: Number.POSITIVE_INFINITY,
  })
  return decision.kind === 'fail' ? decision.error : new RefreshUnavailableError({ code: 'tokenUnusable' })
}

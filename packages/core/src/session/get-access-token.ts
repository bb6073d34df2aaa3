import { RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import type { AccessToken } from '../token/access-token.ts'
import { decideForCaller } from './serve-caller.ts'
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
    })
    switch (decision.kind) {
      case 'fail':
        throw decision.error
      case 'serve':
      case 'serveAndPrompt': {
        const { token } = vault
        if (decision.kind === 'serveAndPrompt') parts.send({ type: 'token.requested', now, evenIfFresh: false })
        if (token !== undefined) return token
        break
      }
      case 'prompt':
        prompts += 1
        parts.send({ type: 'token.requested', now, evenIfFresh: !lastsLongEnough })
        continue
      case 'wait':
        if (snapshot.status === 'refreshing') prompts = Math.max(prompts, 1)
    }
    if ((await side.waiting.untilChange({ signal, deadline })) === 'late') {
      throw new RefreshUnavailableError({ code: 'timeout' })
    }
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
  const deadline = clock.now() + maximumWaitMilliseconds
  let before: number | undefined
  for (;;) {
    signal?.throwIfAborted()
    if (side.isDisposed()) throw new SessionDisposedError()
    const snapshot = side.getSnapshot()
    const isSettled = snapshot.status !== 'refreshing' && !isReading(snapshot)
    if (before !== undefined && isSettled) {
      if (vault.token !== undefined && vault.token.generation > before) return vault.token
      throw failureOf(snapshot, { now: clock.now(), signInHint })
    }
    if (before === undefined && !isReading(snapshot)) {
      before = vault.highestGeneration
      parts.send({ type: 'refresh.requested', now: clock.now() })
      continue
    }
    if ((await side.waiting.untilChange({ signal, deadline })) === 'late') {
      throw new RefreshUnavailableError({ code: 'timeout' })
    }
  }
}

function isReading({ status, code }: SessionSnapshot): boolean {
  return status === 'restoring' && code === undefined
}

function failureOf(snapshot: SessionSnapshot, context: { now: number; signInHint: string | undefined }): Error {
  const decision = decideForCaller({
    ...context,
    // After this refresh nothing would help but another.
    snapshot: { ...snapshot, retryAt: snapshot.retryAt ?? context.now },
    token: 'unusable',
    lastsLongEnough: false,
    refreshable: false,
    prompts: Number.POSITIVE_INFINITY,
    unstored: false,
  })
  return decision.kind === 'fail' ? decision.error : new RefreshUnavailableError({ code: 'tokenUnusable' })
}

import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import { SessionEndedError } from '../errors/session-ended-error.ts'
import type { AccessToken } from '../token/access-token.ts'
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

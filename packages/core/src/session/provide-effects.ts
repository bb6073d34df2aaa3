import { wait } from '../clock/wait.ts'
import type { StoreError } from '../errors/store-error.ts'
import { backoffDelay } from '../policy/backoff.ts'
import type { RefreshPrompt } from '../policy/choose-record.ts'
import { failLocally } from '../refresh/fail-locally.ts'
import type { RefreshHolder, RefreshOutcome, RefreshStep } from '../refresh/refresh-holder.ts'
import { longestStorePauseMilliseconds } from '../refresh/refresh-timing.ts'
import { refreshUnderLease } from '../refresh/refresh-under-lease.ts'
import { storeFailureCode } from '../refresh/store-access.ts'
import { coalesce } from '../refresh/watch-record.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { untilAborted } from '../token/until-aborted.ts'
import type { Answer, SessionEffects } from './session-effects.ts'
import type { SessionEvent } from './session-events.ts'
import type { SessionParts } from './session-parts.ts'
import { signOutOfStore } from './sign-out.ts'

/** The effects of one session: what its chart lets the world do. */
export function createSessionEffects(parts: SessionParts, failuresInARow: () => number): SessionEffects {
  const { options, vault, store, background } = parts
  const { clock, random } = options
  /** The refreshes under way here, with the sign-in of each: what becomes of its tokens, it tells itself. */
  let refreshes: readonly { signInId: string; missedHint: boolean }[] = []
  /** Ends the pause before a hint is followed once more. */
  let pause: AbortController | undefined
  const failingHere = { clock, random, failuresInARow }

  async function refresh(prompt: RefreshPrompt, answer: Answer, interest: AbortSignal): Promise<void> {
    const { signInId } = vault.facts
    const underWay = { signInId, missedHint: false }
    refreshes = [...refreshes, underWay]
    let mustFollow = false
    const holder = createHolder(parts, {
      interest,
      answer,
      failuresInARow,
      onIntent: (written) => {
        underWay.signInId = written
      },
    })
    try {
      const outcome = await refreshUnderLease(prompt, holder)
      mustFollow = interest.aborted || (outcome.kind === 'failed' && underWay.missedHint)
      for (const event of outcomeEvents(outcome, parts, holder)) answer(event)
    } catch {
      // The procedure does not throw. If it did, the session would still be there.
      answer(failureEvent(failLocally('unknownOutcome', holder), clock.now()))
    } finally {
      refreshes = refreshes.filter((other) => other !== underWay)
    }
    // The chart has gone on to something else meanwhile, or was kept from a hint for nothing: it reads what there is.
    if (mustFollow) parts.send({ type: 'store.changed' })
  }

  async function follow(): Promise<void> {
    const { signal } = parts.departure
    for (let failures = 0; !signal.aborted; ) {
      const before = vault.highestGeneration
      const read = await untilAborted(store.read(), signal).catch(() => undefined)
      // Disposed of: whatever has changed is of no interest here any more.
      if (read === undefined) return
      if (!read.ok) {
        // What the hint meant to say still has to be found out.
        failures += 1
        pause = new AbortController()
        const delay = Math.min(backoffDelay(failures, random()), longestStorePauseMilliseconds)
        await wait(clock, delay, { signal: AbortSignal.any([signal, pause.signal]) })
      } else if (vault.highestGeneration === before) {
        tellFollowed(read.value)
        return
      }
      // Otherwise we have written meanwhile: what was read may be from before that.
    }
  }

  function tellFollowed(record: SessionRecord | undefined) {
    const refreshing = refreshes.filter(({ signInId }) => signInId === record?.signInId)
    if (refreshing.length === 0 || record?.status === 'signedOut') parts.send(recordEvent(record, parts))
    else for (const refresh of refreshing) refresh.missedHint = true
  }

  const followOnce = coalesce(() => {
    const following = follow()
    background.add(following)
    return following
  })

  return {
    readClock: (answer) => answer({ type: 'clock.read', now: clock.now() }),

    readRecord(answer) {
      background.add(
        store.read().then((read) => {
          if (read.ok) {
            answer(recordEvent(read.value, parts))
            return
          }
          parts.restoreError = read.error
          const now = clock.now()
          const code = storeFailureCode(read.error)
          const { retryAt } = failLocally(code, failingHere)
          answer({ type: 'record.unavailable', code, retryAt, now, unreadable: isUnreadable(read.error) })
        }),
      )
    },

    refresh(prompt, answer) {
      const interest = new AbortController()
      if (parts.departure.signal.aborted) return () => {}
      background.add(refresh(prompt, answer, interest.signal))
      return () => interest.abort()
    },

    signOut(answer) {
      const result = signOutOfStore(parts)
      parts.signOut = result
      background.add(result.then(({ event }) => answer(event)))
    },

    followRecord() {
      pause?.abort()
      followOnce()
    },
    holdTokens: (token) => vault.hold(token),
    withholdToken: (generation) => vault.withhold(generation),
    forgetTokens: () => vault.clear(),
  }
}

function createHolder(
  parts: SessionParts,
  context: {
    interest: AbortSignal
    answer: Answer
    failuresInARow: () => number
    onIntent: (signInId: string) => void
  },
): RefreshHolder {
  const { options, vault } = parts
  const { interest, answer, failuresInARow, onIntent } = context
  const holder: RefreshHolder = {
    key: options.key,
    holder: parts.holder,
    store: options.store,
    grant: options.grant,
    clock: options.clock,
    random: options.random,
    createId: parts.createId,
    interest: AbortSignal.any([interest, parts.departure.signal]),
    abandonment: parts.abandonment.signal,
    stopped: parts.stopped.signal,
    isOnline: () => options.environment.isOnline(),
    failuresInARow,
    highestGeneration: () => vault.highestGeneration,
    revoke: (tokenSet) => void parts.revoke(tokenSet),
    report(step) {
      if (step.type === 'intent.written') onIntent(step.signInId)
      for (const event of stepEvents(step, parts, holder)) answer(event)
    },
    debug: (entry) => parts.debug(entry),
    classifyFailure: options.classifyFailure,
    giveUpAfterMilliseconds: options.giveUpAfterMilliseconds,
  }
  return holder
}

/** How far a refresh has come, for the chart. */
function stepEvents(step: RefreshStep, parts: SessionParts, holder: RefreshHolder): SessionEvent[] {
  switch (step.type) {
    case 'intent.written':
      return [{ type: step.type }]
    case 'tokens.unstored':
      return [{ type: step.type, token: parts.vault.describe(step.record) }]
    case 'outcome.unwritten':
      return outcomeEvents(step.outcome, parts, holder)
    default:
      return [step]
  }
}

/** What a refresh came to, for the chart. */
function outcomeEvents(outcome: RefreshOutcome, parts: SessionParts, holder: RefreshHolder): SessionEvent[] {
  const { vault, options } = parts
  const now = options.clock.now()
  switch (outcome.kind) {
    case 'refreshed':
      return [{ type: 'tokens.stored', token: vault.describe(outcome.record), now }]
    case 'adopted':
      return [{ type: 'tokens.adopted', token: vault.describe(outcome.record) }]
    case 'failed':
      return [failureEvent(outcome, now)]
    case 'ended': {
      const { record, stored } = outcome
      const { end = { reason: 'grantRejected', endedAt: now } } = record
      return [{ type: 'refresh.refused', end, token: vault.describe(record), stored }]
    }
    case 'followed':
      // Should that record be no news to the chart, it must not wait for ever: it backs off.
      return [recordEvent(outcome.record, parts), failureEvent(failLocally('storeUnavailable', holder), now)]
    case 'cancelled':
      return [{ type: 'refresh.cancelled' }]
  }
}

function failureEvent(
  failure: {
    code: Extract<SessionEvent, { type: 'refresh.failed' }>['code']
    retryAt: number
    serverAsked: boolean
    refusedWithoutReason?: boolean
  },
  now: number,
): SessionEvent {
  const { code, retryAt, serverAsked, refusedWithoutReason = false } = failure
  return { type: 'refresh.failed', code, now, retryAt, serverAsked, refusedWithoutReason }
}

/** What a record says, without its secrets: the vault holds those once the chart has taken the description. */
function recordEvent(record: SessionRecord | undefined, { vault, options }: SessionParts): SessionEvent {
  if (record === undefined) return { type: 'record.absent', now: options.clock.now() }
  switch (record.status) {
    case 'signedOut':
      return { type: 'record.signedOut', generation: vault.describe(record).generation }
    case 'ended': {
      const { end = { reason: 'grantRejected', endedAt: options.clock.now() } } = record
      return { type: 'record.ended', end, token: vault.describe(record) }
    }
    case 'signedIn':
      return { type: 'record.signedIn', token: vault.describe(record) }
  }
}

function isUnreadable({ code }: StoreError): boolean {
  return code === 'recordUnreadable' || code === 'recordFromNewerVersion'
}

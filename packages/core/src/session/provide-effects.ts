import type { RefreshPrompt } from '../policy/choose-record.ts'
import { failLocally } from '../refresh/fail-locally.ts'
import type { RefreshHolder, RefreshOutcome } from '../refresh/refresh-holder.ts'
import { refreshUnderLease } from '../refresh/refresh-under-lease.ts'
import { storeFailureCode } from '../refresh/store-access.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { Answer, SessionEffects } from './session-effects.ts'
import type { SessionEvent } from './session-events.ts'
import type { SessionParts } from './session-parts.ts'
import { signOutOfStore } from './sign-out.ts'

/** The effects of one session: what its chart lets the world do. */
export function createSessionEffects(parts: SessionParts, failuresInARow: () => number): SessionEffects {
  const { options, vault, store, background } = parts
  const { clock } = options
  /** Refreshes under way here: what becomes of their tokens, they tell themselves. */
  let refreshes = 0
  let following: Promise<void> | undefined
  let followAgain = false

  async function refresh(prompt: RefreshPrompt, answer: Answer, interest: AbortSignal): Promise<void> {
    const holder = createHolder(parts, { interest, answer, failuresInARow })
    refreshes += 1
    try {
      const outcome = await refreshUnderLease(prompt, holder)
      const hasLeft = interest.aborted
      for (const event of outcomeEvents(outcome, parts, holder)) answer(event)
      // The chart has gone on to something else meanwhile and heard nothing of this: it reads what became of it.
      if (hasLeft) parts.send({ type: 'store.changed' })
    } catch {
      // The procedure does not throw. If it did, the session would still be there.
      answer(failureEvent(failLocally('unknownOutcome', holder), clock.now()))
    } finally {
      refreshes -= 1
    }
  }

  async function follow(): Promise<void> {
    do {
      followAgain = false
      const before = vault.highestGeneration
      const read = await store.read()
      // We have written meanwhile: what was read may be from before that.
      if (vault.highestGeneration !== before) followAgain = true
      else if (read.ok) tellFollowed(read.value)
    } while (followAgain)
    following = undefined
  }

  function tellFollowed(record: SessionRecord | undefined) {
    // It tells itself what it has stored, and has the record read again after that.
    if (parts.signIns > 0) return
    const isOurRefresh = refreshes > 0 && record?.signInId === vault.facts.signInId && record.status !== 'signedOut'
    if (!isOurRefresh) parts.send(recordEvent(record, parts))
  }

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
          const { retryAt } = failLocally(code, { clock, random: options.random, failuresInARow })
          answer({ type: 'record.unavailable', code, retryAt, now, unreadable: read.error.code === 'recordUnreadable' })
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
      followAgain = true
      if (following !== undefined) return
      following = follow()
      background.add(following)
    },

    withholdToken: (generation) => vault.withhold(generation),
    forgetTokens: () => vault.clear(),
  }
}

function createHolder(
  parts: SessionParts,
  context: { interest: AbortSignal; answer: Answer; failuresInARow: () => number },
): RefreshHolder {
  const { options, vault } = parts
  const { interest, answer, failuresInARow } = context
  return {
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
    take: (record) => void vault.take(record),
    revoke: (tokenSet) => void parts.revoke(tokenSet),
    report(step) {
      answer(step.type === 'tokens.unstored' ? { type: step.type, token: vault.take(step.record) } : step)
    },
    debug: (entry) => parts.debug(entry),
    classifyFailure: options.classifyFailure,
    giveUpAfterMilliseconds: options.giveUpAfterMilliseconds,
  }
}

/** What a refresh came to, for the chart; the vault first, so that whoever is waiting finds the tokens there. */
function outcomeEvents(outcome: RefreshOutcome, parts: SessionParts, holder: RefreshHolder): SessionEvent[] {
  const { vault, options } = parts
  const now = options.clock.now()
  switch (outcome.kind) {
    case 'refreshed':
      return [{ type: 'tokens.stored', token: vault.take(outcome.record), now }]
    case 'adopted':
      return [{ type: 'tokens.adopted', token: vault.take(outcome.record) }]
    case 'failed':
      return [failureEvent(outcome, now)]
    case 'ended': {
      const { record, stored } = outcome
      const { end = { reason: 'grantRejected', endedAt: now } } = record
      return [{ type: 'refresh.refused', end, token: vault.take(record), stored }]
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

/** What a record says, without its secrets; those go into the vault. */
function recordEvent(record: SessionRecord | undefined, { vault, options }: SessionParts): SessionEvent {
  if (record === undefined) return { type: 'record.absent', now: options.clock.now() }
  switch (record.status) {
    case 'signedOut':
      // A refresh of ours may be ending just now: its tokens must not come back.
      vault.close(record.signInId)
      return { type: 'record.signedOut', generation: record.generation }
    case 'ended': {
      const { end = { reason: 'grantRejected', endedAt: options.clock.now() } } = record
      return { type: 'record.ended', end, token: vault.take(record) }
    }
    case 'signedIn':
      return { type: 'record.signedIn', token: vault.take(record) }
  }
}

import { wait } from '../clock/wait.ts'
import { backoffDelay } from '../policy/backoff.ts'
import { isBefore, type RefreshPrompt } from '../policy/choose-record.ts'
import { failLocally, type RefreshFailure, type RefreshOutcome, type RefreshStep } from '../refresh/holder.ts'
import { refreshUnderLease } from '../refresh/refresh-under-lease.ts'
import { readRecord, storeFailureCode } from '../refresh/store-access.ts'
import { longestStorePauseMilliseconds } from '../refresh/timing.ts'
import { coalesce } from '../refresh/watch-record.ts'
import { writeBack } from '../refresh/write-back.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { untilAborted } from '../token/until-aborted.ts'
import type { SessionCore } from './session-core.ts'
import type { SessionEvent } from './session-events.ts'
import type { Answer, SessionEffects } from './session-setup.ts'
import { signOutOfStore } from './sign-in-and-out.ts'

/** What the chart of a session lets the world do. */
export class LiveEffects implements SessionEffects {
  readonly #core: SessionCore
  /** The refreshes under way, with the sign-in of each: what becomes of its tokens, it tells itself. */
  #refreshes: readonly { signInId: string; missed: number | undefined }[] = []
  /** Ends the pause before a hint is followed once more. */
  #pause: AbortController | undefined
  #followOnce: (() => void) | undefined

  constructor(core: SessionCore) {
    this.#core = core
  }

  readRecord(answer: Answer): void {
    const core = this.#core
    const reading = readRecord(core).then((read) => {
      if (read.ok) return answer(recordEvent(read.value, core))
      core.restoreError = read.error
      const { code, retryAt } = failLocally(storeFailureCode(read.error), core)
      const unreadable = read.error.code === 'recordUnreadable' || read.error.code === 'recordFromNewerVersion'
      answer({ type: 'record.unavailable', code, retryAt, now: core.clock.now(), unreadable })
    })
    void core.inBackground(reading)
  }

  refresh(prompt: RefreshPrompt, answer: Answer): () => void {
    const core = this.#core
    if (core.isDeparting) return () => {}
    const interest = new AbortController()
    const { promise, resolve } = Promise.withResolvers<SessionEvent['type'] | undefined>()
    core.refreshing = promise
    core.refreshStartedAt = core.clock.now()
    let came: SessionEvent['type'] | undefined
    const tell: Answer = (event) => {
      came = event.type
      answer(event)
      // Callers need not wait for the store.
      if (came === 'tokens.unstored') resolve(came)
    }
    void core.inBackground(this.#refresh(prompt, tell, interest.signal))
    return () => {
      interest.abort()
      if (core.refreshing === promise) core.refreshing = undefined
      resolve(came)
    }
  }

  async #refresh(prompt: RefreshPrompt, answer: Answer, left: AbortSignal): Promise<void> {
    const core = this.#core
    const underWay = { signInId: core.vault.facts.signInId, missed: undefined as number | undefined }
    this.#refreshes = [...this.#refreshes, underWay]
    let mustFollow = false
    try {
      const outcome = await refreshUnderLease({
        holder: core,
        prompt,
        interest: AbortSignal.any([left, core.departure]),
        report(step) {
          if (step.type === 'intent.written') underWay.signInId = step.signInId
          for (const event of stepEvents(step, core)) answer(event)
        },
      })
      mustFollow = left.aborted || hasMissed(underWay.missed, outcome)
      for (const event of outcomeEvents(outcome, core)) answer(event)
    } catch {
      // The procedure does not throw. If it did, the session would still be there.
      answer(failureEvent(failLocally('unknownOutcome', core), core))
    } finally {
      this.#refreshes = this.#refreshes.filter((other) => other !== underWay)
    }
    // The chart has gone on to something else meanwhile, or was kept from a hint for nothing: it reads what there is.
    if (mustFollow) core.send({ type: 'store.changed' })
  }

  signOut(answer: Answer): void {
    const core = this.#core
    const signingOut = signOutOfStore(core)
    core.signingOut = signingOut
    void core.inBackground(signingOut.then(({ event }) => answer(event)))
  }

  followRecord(): void {
    this.#pause?.abort()
    this.#followOnce ??= coalesce(() => this.#core.inBackground(this.#follow()))
    this.#followOnce()
  }

  async #follow(): Promise<void> {
    const core = this.#core
    const { departure: signal, vault, clock } = core
    for (let failures = 0; !signal.aborted; ) {
      const before = vault.highestGeneration
      const read = await untilAborted(readRecord(core), signal).catch(() => undefined)
      // Disposed of: a change is of no interest here any more.
      if (read === undefined) return
      if (!read.ok) {
        // What the hint meant to say still has to be found out.
        failures += 1
        this.#pause = new AbortController()
        const delay = Math.min(backoffDelay(failures, core.options.random()), longestStorePauseMilliseconds)
        await wait(clock, delay, { signal: AbortSignal.any([signal, this.#pause.signal]) })
      } else if (vault.highestGeneration === before) {
        // A refresh under way is about to write what it knows.
        const wroteBack = this.#refreshes.length === 0 && (await writeBack(core, read.value)) !== undefined
        if (!wroteBack) this.#tellFollowed(read.value)
        return
      }
      // Otherwise we have written meanwhile: what was read may be from before that.
    }
  }

  #tellFollowed(record: SessionRecord | undefined): void {
    const refreshing = this.#refreshes.filter(({ signInId }) => signInId === record?.signInId)
    if (refreshing.length === 0 || record?.status === 'signedOut') this.#core.send(recordEvent(record, this.#core))
    else for (const refresh of refreshing) refresh.missed = record?.generation
  }
}

/** Whether a hint that was not followed during a refresh told of something else than that came to. */
function hasMissed(generation: number | undefined, outcome: RefreshOutcome): boolean {
  return generation !== undefined && !('record' in outcome && generation === outcome.record?.generation)
}

/** How far a refresh has come, for the chart. */
function stepEvents(step: RefreshStep, core: SessionCore): SessionEvent[] {
  switch (step.type) {
    case 'intent.written':
      return [{ type: step.type }]
    case 'tokens.unstored':
      return [{ type: step.type, token: core.vault.describe(step.record) }]
    case 'outcome.unwritten':
      return outcomeEvents(step.outcome, core)
    default:
      return [step]
  }
}

/** What a refresh came to, for the chart. */
function outcomeEvents(outcome: RefreshOutcome, core: SessionCore): SessionEvent[] {
  const { vault, clock } = core
  const now = clock.now()
  switch (outcome.kind) {
    case 'refreshed':
      return [{ type: 'tokens.stored', token: vault.describe(outcome.record), now }]
    case 'adopted':
      return [{ type: 'tokens.adopted', token: vault.describe(outcome.record) }]
    case 'failed':
      return [failureEvent(outcome, core)]
    case 'ended':
      return [{ type: 'session.ended', ...endOf(outcome.record, core, outcome.stored) }]
    case 'followed':
      // Should that record be no news to the chart, it must not wait for ever: it backs off.
      return [followedEvent(outcome.record, core), failureEvent(failLocally('storeUnavailable', core), core)]
    case 'paused':
      return [{ type: 'refresh.paused', rejections: outcome.rejections }]
    case 'cancelled':
      return [{ type: 'refresh.cancelled' }]
  }
}

/** Where a grant signs in by itself, nothing reserves a generation that a tombstone could be above. */
function followedEvent(record: SessionRecord | undefined, core: SessionCore): SessionEvent {
  const event = recordEvent(record, core)
  return event.type === 'record.signedOut' ? { ...event, underLease: true } : event
}

function failureEvent({ kind, ...failure }: RefreshFailure, { clock }: SessionCore): SessionEvent {
  return { type: 'refresh.failed', ...failure, now: clock.now() }
}

/** What a record says, without its secrets: the vault holds those once the chart has taken the description. */
export function recordEvent(record: SessionRecord | undefined, core: SessionCore): SessionEvent {
  const { knownRecord, grant, clock } = core
  const isGone = record === undefined || (grant.signIn === undefined && isBefore(record, knownRecord))
  if (isGone) return { type: 'record.absent', now: clock.now() }
  const token = core.vault.describe(record)
  if (record.status === 'signedOut') return { type: 'record.signedOut', generation: token.generation }
  return record.status === 'ended'
    ? { type: 'record.ended', ...endOf(record, core) }
    : { type: 'record.signedIn', token }
}

function endOf(record: SessionRecord, core: SessionCore, stored?: boolean) {
  const { reason, endedAt, serverCode } = record.end ?? { reason: 'grantRejected', endedAt: core.clock.now() }
  return { token: core.vault.describe(record), end: { reason, endedAt, serverCode, stored } }
}

import { pausedUntil as endOfPause, type Rejection, runOf, withoutRuns } from '../policy/rejections.ts'
import { forgetEndedRuns } from '../refresh/settle.ts'
import type { AccessToken } from '../token/access-token.ts'
import { isRejected } from './session-context.ts'
import type { SessionCore } from './session-core.ts'

/** A request that carried the access token of a generation. */
interface TokenRequest {
  readonly origin: string
  readonly generation: number
  readonly status?: number | undefined
}

/**
 * A resource server rejected the access token of a generation.
 *
 * `stale`: it was replaced meanwhile. `paused`: new tokens do not help at that origin, for now. `noted`: the chart
 * knows, and a refresh helps perhaps.
 */
export function reject(
  core: SessionCore,
  { origin, address, generation, status }: TokenRequest & { readonly address: string },
): 'stale' | 'paused' | 'noted' {
  const { token, rejected } = core.context
  if (generation !== token.generation) return 'stale'
  core.rejectionLog ??= new RejectionLog()
  const rejection = core.rejectionLog.noteRejected(origin, address, generation)
  const { acceptedBefore, olderRejected } = rejection
  // Known already: of a hundred requests that are rejected together, one costs the chart a step.
  const isKnown = rejected?.generation === generation && rejected.origins.includes(origin)
  if (isKnown && (!acceptedBefore || rejected.rejection?.acceptedBefore)) return 'noted'
  if (!acceptedBefore && pausedUntil(core, origin) !== undefined) return 'paused'
  const outcome = olderRejected > 0 && !acceptedBefore ? 'rejectedAfterRefresh' : 'rejected'
  core.noteOutcome({ outcome, origin, generation, status, rejection })
  return 'noted'
}

/** Until when the rejections of an origin start no refresh. */
export function pausedUntil(core: SessionCore, origin: string): number | undefined {
  return endOfPause(withoutRuns(core.context.rejections, core.endedRuns), origin, core.clock.now())
}

/**
 * A resource server accepted the access token. Costs nothing where that is not news.
 *
 * @param target where the request went; asked only where that matters
 */
export function accept(
  core: SessionCore,
  { origin, generation, status }: TokenRequest,
  target: () => { readonly url: string },
): void {
  const { rejections, lastOutcome, token } = core.context
  const hasRun = rejections !== undefined && runOf(rejections, origin, core.clock.now()) !== undefined
  let endsRun = false
  if (hasRun || token.expiresAt === undefined || core.rejectionLog?.isOpen(origin)) {
    core.rejectionLog ??= new RejectionLog()
    endsRun = core.rejectionLog.noteAccepted(origin, addressOf(target().url), generation)
  }
  if (endsRun && hasRun) void core.inBackground(forgetEndedRuns(core))
  // While a run of rejections goes on, what other addresses of the origin accept is not news.
  const isNews =
    lastOutcome?.origin === origin && lastOutcome.outcome !== 'accepted' && !core.rejectionLog?.isOpen(origin)
  if (endsRun || isNews) core.noteOutcome({ outcome: 'accepted', origin, generation, status })
}

/** The token for requests to an origin, if it is served without waiting; see "Rejected tokens" in the architecture. */
export function peekAccessToken({ vault, clock, context }: SessionCore, origin: string): AccessToken | undefined {
  const now = clock.now()
  if (now < vault.freshUntil) return vault.token
  // One origin's word is not an end for the others.
  const isWithheldElsewhere = isRejected(context) && context.end === undefined
  return isWithheldElsewhere && !context.rejected?.origins.includes(origin) && vault.judge(now) !== 'unusable'
    ? vault.token
    : undefined
}

/** A URL without its query and fragment: what one answer says of a token, it says for that. */
export function addressOf(url: string): string {
  return /^[^?#]*/.exec(url)?.[0] ?? url
}

/** How many addresses are remembered; the oldest is forgotten first. */
const mostAddresses = 256

interface OriginLog {
  /** The addresses that rejected a token, with the last generation. */
  readonly rejecting: Map<string, number>
  /** The last generation that the origin rejected, and the one before. */
  last: number
  before: number
}

/**
 * What this holder saw resource servers do with access tokens, by address: an origin and a path, without the query.
 * Kept in memory, and only while an origin rejects tokens or the token has no expiry.
 */
export class RejectionLog {
  /**
   * Origins whose run of rejections this holder saw end, with the last generation that was rejected in it; the record
   * learns it with the next refresh.
   */
  readonly endedRuns = new Map<string, number>()
  readonly #accepted = new Map<string, number>()
  readonly #origins = new Map<string, OriginLog>()

  /** An address accepted a token. Only one that rejected a token before ends the run of its origin; returns whether it did. */
  noteAccepted(origin: string, address: string, generation: number): boolean {
    remember(this.#accepted, address, generation)
    const log = this.#origins.get(origin)
    const rejected = log?.rejecting.get(address)
    if (log === undefined || rejected === undefined || rejected > generation) return false
    this.#origins.delete(origin)
    this.endedRuns.set(origin, log.last)
    return true
  }

  /**
   * An address rejected the current token. Returns what is known of that. Of a token that was replaced meanwhile it
   * would say nothing: many servers revoke one as soon as it is replaced.
   */
  noteRejected(origin: string, address: string, generation: number): Rejection {
    const acceptedBefore = this.#accepted.get(address) === generation
    // An expiry is not evidence against the origin.
    if (!acceptedBefore) this.#addToRun(origin, address, generation)
    const { last, before } = this.#origins.get(origin) ?? { last: 0, before: 0 }
    const endedGeneration = this.endedRuns.get(origin) ?? 0
    return { origin, acceptedBefore, olderRejected: generation === last ? before : last, endedGeneration }
  }

  #addToRun(origin: string, address: string, generation: number): void {
    const log = this.#origins.get(origin) ?? { rejecting: new Map(), last: 0, before: 0 }
    this.#origins.set(origin, log)
    if (generation > log.last) {
      log.before = log.last
      log.last = generation
    }
    remember(log.rejecting, address, generation)
  }

  /** Whether acceptances at an origin are to be noted. */
  isOpen(origin: string): boolean {
    return this.#origins.has(origin)
  }
}

function remember(addresses: Map<string, number>, address: string, generation: number): void {
  addresses.delete(address)
  addresses.set(address, generation)
  if (addresses.size > mostAddresses) addresses.delete(addresses.keys().next().value ?? '')
}

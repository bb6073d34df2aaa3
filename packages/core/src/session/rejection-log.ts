import type { Rejection } from '../policy/rejections.ts'

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

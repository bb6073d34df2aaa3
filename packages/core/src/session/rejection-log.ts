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
  /** Origins whose run of rejections has ended, as this holder saw; the record learns it with the next refresh. */
  readonly endedRuns = new Set<string>()
  readonly #accepted = new Map<string, number>()
  readonly #origins = new Map<string, OriginLog>()

  /** An address accepted a token. Only one that rejected a token before ends the run of its origin. */
  noteAccepted(origin: string, address: string, generation: number): void {
    remember(this.#accepted, address, generation)
    const rejected = this.#origins.get(origin)?.rejecting.get(address)
    if (rejected === undefined || rejected > generation) return
    this.#origins.delete(origin)
    this.endedRuns.add(origin)
  }

  /** An address rejected a token, current or replaced meanwhile. Returns what is known of that. */
  noteRejected(origin: string, address: string, generation: number): Rejection {
    const log = this.#origins.get(origin) ?? { rejecting: new Map(), last: 0, before: 0 }
    this.#origins.set(origin, log)
    if (generation > log.last) {
      log.before = log.last
      log.last = generation
    }
    remember(log.rejecting, address, generation)
    const runEnded = this.endedRuns.delete(origin)
    return {
      origin,
      acceptedBefore: this.#accepted.get(address) === generation,
      olderRejected: generation === log.last ? log.before : log.last,
      runEnded,
    }
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

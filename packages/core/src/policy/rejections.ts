import type { RejectionRun, SessionRecord } from '../store/session-record.ts'

/** The runs of rejections that a record knows, by origin. */
export type Rejections = NonNullable<SessionRecord['rejections']>

/** A resource server rejected an access token: what the holder that saw it knows. */
export interface Rejection {
  /** Where it was rejected, such as `https://api.example`. */
  readonly origin: string
  /** The same address accepted the same token before: it has expired or was revoked, even while an origin pauses. */
  readonly acceptedBefore: boolean
  /** The last older generation that this holder saw the origin reject; 0 if none, or one was accepted since. */
  readonly olderRejected: number
  /** The last generation rejected in a run of the origin that this holder saw end; the record may not know. */
  readonly endedGeneration: number
}

/** What a rejection leads to. */
export type RejectionDecision =
  /** A refresh, and these runs are written with its intent. */
  | { readonly kind: 'refresh'; readonly rejections: Rejections | undefined }
  /** None: the origin pauses already. */
  | { readonly kind: 'paused' }
  /** None: the last new token did not help either. These runs are written, with the pause. */
  | { readonly kind: 'pause'; readonly rejections: Rejections }

const firstPause = 10_000
const longestPause = 60 * 60 * 1000
const mostOrigins = 8
/**
 * A token that has lived for longer when it is rejected may have expired, even if others were rejected before. So long that
 * an origin that rejects every token costs ten refreshes an hour at most; with several such origins, all of them.
 */
const youngMilliseconds = 6 * 60 * 1000
/** The run that further origins share while eight are kept. */
const otherOrigins = '*'

/** The run of an origin; `undefined` if it has none. */
export function runOf(rejections: Rejections | undefined, origin: string, now: number): RejectionRun | undefined {
  if (rejections === undefined) return undefined
  return rejections[origin] ?? (isFull(rejections, now) ? rejections[otherOrigins] : undefined)
}

/** Until when the rejections of an origin start no refresh, in milliseconds since the epoch; `undefined` if they do. */
export function pausedUntil(rejections: Rejections | undefined, origin: string, now: number): number | undefined {
  const run = runOf(rejections, origin, now)
  return run !== undefined && isPausing(run, now) ? run.pausedUntil : undefined
}

/** The origins that pause, sorted; with `*` where all others do. */
export function pausingOrigins(rejections: Rejections | undefined, now: number): string[] {
  return Object.keys(rejections ?? {})
    .filter((origin) => pausedUntil(rejections, origin, now) !== undefined)
    .filter((origin) => origin !== otherOrigins || isFull(rejections ?? {}, now))
    .sort()
}

/** When the next pause ends, in milliseconds since the epoch; `Infinity` where none does. */
export function nextPauseEnd(rejections: Rejections | undefined, now: number): number {
  return Math.min(...pausingOrigins(rejections, now).map((origin) => rejections?.[origin]?.pausedUntil ?? Infinity))
}

/**
 * Decides what the rejection of a record's current token leads to. An origin that rejects every token must not cost a
 * refresh each: it pauses, 10 s at first and twice as long each time, up to an hour.
 *
 * @param token the one that was rejected; `now` and `receivedAt` in milliseconds since the epoch
 */
export function decideRejection(
  rejections: Rejections | undefined,
  rejection: Rejection,
  { generation, now, receivedAt = now }: { generation: number; now: number; receivedAt?: number },
): RejectionDecision {
  const { origin, acceptedBefore, olderRejected, endedGeneration } = rejection
  if (acceptedBefore) return { kind: 'refresh', rejections }
  const known = runOf(rejections, origin, now)
  const run = known !== undefined && known.generation > endedGeneration ? known : undefined
  if (run !== undefined && isPausing(run, now)) return { kind: 'paused' }
  const count = run?.count ?? 0
  // Without a pause, a run of this token is one whose refresh has failed.
  const isFruitless = olderRejected > 0 || (run !== undefined && (run.generation < generation || count > 0))
  if (!isFruitless || now - receivedAt > youngMilliseconds * Math.max(pausersOf(rejections), 1)) {
    return { kind: 'refresh', rejections: withRun(rejections, origin, { run: { generation, count }, now }) }
  }
  const pause = Math.min(firstPause * 2 ** count, longestPause)
  const paused = { generation, count: count + 1, pausedUntil: now + pause }
  return { kind: 'pause', rejections: withRun(rejections, origin, { run: paused, now }) }
}

/**
 * The runs without those that have ended.
 *
 * @param ended the last generation rejected in a run that has ended, by origin: a run of a later one goes on
 */
export function withoutRuns(
  rejections: Rejections | undefined,
  ended: ReadonlyMap<string, number>,
): Rejections | undefined {
  if (rejections === undefined || ended.size === 0) return rejections
  const goOn = ([origin, { generation }]: [string, RejectionRun]) => generation > (ended.get(origin) ?? 0)
  return Object.fromEntries(Object.entries(rejections).filter(goOn))
}

function withRun(
  rejections: Rejections = {},
  origin: string,
  { run, now }: { run: RejectionRun; now: number },
): Rejections {
  if (Object.hasOwn(rejections, origin) || originsOf(rejections).length < mostOrigins) {
    return { ...rejections, [origin]: run }
  }
  const [oldest] = originsOf(rejections)
    .filter(([, other]) => !isKept(other, now))
    .sort(([, one], [, other]) => one.generation - other.generation)
  if (oldest === undefined) return { ...rejections, [otherOrigins]: run }
  const { [oldest[0]]: forgotten, ...kept } = rejections
  return { ...kept, [origin]: run }
}

function originsOf(rejections: Rejections): [string, RejectionRun][] {
  return Object.entries(rejections).filter(([origin]) => origin !== otherOrigins)
}

function isFull(rejections: Rejections, now: number): boolean {
  return originsOf(rejections).filter(([, run]) => isKept(run, now)).length >= mostOrigins
}

/** How many origins new tokens did not help at. */
function pausersOf(rejections: Rejections = {}): number {
  return Object.values(rejections).filter(({ count }) => count > 0).length
}

/** One that pauses is not forgotten, nor soon after that: nine that are asked in turn would forget each other. */
function isKept({ pausedUntil = 0 }: RejectionRun, now: number): boolean {
  return Math.abs(now - pausedUntil) <= longestPause
}

/** A pause that is longer than any was made by a clock that has been set back since. */
function isPausing({ pausedUntil = 0 }: RejectionRun, now: number): boolean {
  return now < pausedUntil && pausedUntil - now <= longestPause
}

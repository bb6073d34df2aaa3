import type { RejectionRun, SessionRecord } from '../store/session-record.ts'

/** The runs of rejections that a record knows, by origin. */
export type Rejections = NonNullable<SessionRecord['rejections']>

/** A resource server rejected an access token: what the holder that saw it knows. */
export interface Rejection {
  /** Where it was rejected, such as `https://api.example`. */
  readonly origin: string
  /** The same address accepted the same token before: it has expired or was revoked, whatever pauses. */
  readonly acceptedBefore: boolean
  /** The last older generation that this holder saw the origin reject; 0 if none, or one was accepted since. */
  readonly olderRejected: number
  /** This holder saw the origin's run end, which the record does not know yet. */
  readonly runEnded: boolean
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
/** The run that further origins share while eight pause. */
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

/** The origins that pause, sorted. */
export function pausingOrigins(rejections: Rejections | undefined, now: number): string[] {
  return Object.entries(rejections ?? {})
    .flatMap(([origin, run]) => (isPausing(run, now) ? [origin] : []))
    .sort()
}

/**
 * Decides what the rejection of a record's current token leads to. An origin that rejects every token must not cost a
 * refresh each: it pauses, 10 s at first and twice as long each time, up to an hour.
 *
 * @param generation of the token that was rejected
 */
export function decideRejection(
  rejections: Rejections | undefined,
  rejection: Rejection,
  { generation, now }: { generation: number; now: number },
): RejectionDecision {
  const { origin, acceptedBefore, olderRejected, runEnded } = rejection
  if (acceptedBefore) return { kind: 'refresh', rejections }
  const run = runEnded ? undefined : runOf(rejections, origin, now)
  if (run !== undefined && isPausing(run, now)) return { kind: 'paused' }
  const count = run?.count ?? 0
  const lastRejected = Math.max(run !== undefined && run.generation < generation ? run.generation : 0, olderRejected)
  if (lastRejected === 0) {
    return { kind: 'refresh', rejections: withRun(rejections, origin, { run: { generation, count }, now }) }
  }
  const pause = Math.min(firstPause * 2 ** count, longestPause)
  const paused = { generation, count: count + 1, pausedUntil: now + pause }
  return { kind: 'pause', rejections: withRun(rejections, origin, { run: paused, now }) }
}

/** The runs without those that have ended. */
export function withoutRuns(rejections: Rejections | undefined, ended: ReadonlySet<string>): Rejections | undefined {
  if (rejections === undefined || ended.size === 0) return rejections
  return Object.fromEntries(Object.entries(rejections).filter(([origin]) => !ended.has(origin)))
}

function withRun(
  rejections: Rejections = {},
  origin: string,
  { run, now }: { run: RejectionRun; now: number },
): Rejections {
  if (Object.hasOwn(rejections, origin) || originsOf(rejections).length < mostOrigins) {
    return { ...rejections, [origin]: run }
  }
  // One that pauses is not forgotten before its pause ends.
  const [oldest] = originsOf(rejections)
    .filter(([, other]) => !isPausing(other, now))
    .sort(([, one], [, other]) => one.generation - other.generation)
  if (oldest === undefined) return { ...rejections, [otherOrigins]: run }
  const { [oldest[0]]: forgotten, ...kept } = rejections
  return { ...kept, [origin]: run }
}

function originsOf(rejections: Rejections): [string, RejectionRun][] {
  return Object.entries(rejections).filter(([origin]) => origin !== otherOrigins)
}

function isFull(rejections: Rejections, now: number): boolean {
  return originsOf(rejections).filter(([, run]) => isPausing(run, now)).length >= mostOrigins
}

/** A pause that is longer than any was made by a clock that has been set back since. */
function isPausing({ pausedUntil = 0 }: RejectionRun, now: number): boolean {
  return now < pausedUntil && pausedUntil - now <= longestPause
}

import { NotSignedInError } from '../errors/not-signed-in-error.ts'
import { RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { SessionEndedError } from '../errors/session-ended-error.ts'
import type { SessionError } from '../errors/session-error.ts'
import type { StoreError } from '../errors/store-error.ts'
import { isRetryDue } from '../policy/backoff.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

const mostPrompts = 3

/** What a caller who wants a token gets. */
export type CallerDecision =
  | { readonly kind: 'serve' }
  /** Serve what there is, and ask the chart for a newer one meanwhile. */
  | { readonly kind: 'serveAndPrompt' }
  /** Ask the chart for a newer one, then look again. */
  | { readonly kind: 'prompt' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'fail'; readonly error: SessionError }

/** How things stand for a caller. */
export interface CallerView {
  readonly snapshot: SessionSnapshot
  readonly now: number
  /** What the wall clock says of the token, whatever the chart last thought. */
  readonly token: 'unusable' | 'expiring' | 'fresh'
  /** Whether it lasts for as long as this caller needs it to. */
  readonly lastsLongEnough: boolean
  /** Whether another token can be had at all. */
  readonly refreshable: boolean
  /** How many refreshes this caller has asked for or joined: what comes of the first is what it gets. */
  readonly prompts: number
  /** New tokens wait for the store. */
  readonly unstored: boolean
  readonly signInHint: string | undefined
  /** Why the store could not be read at the start. */
  readonly storeError: StoreError | undefined
}

/** Decides what a caller gets: at most one refresh, and no waiting where waiting cannot help. */
export function decideForCaller(view: CallerView): CallerDecision {
  const { snapshot, token } = view
  switch (snapshot.status) {
    case 'signedOut':
    case 'signingOut':
      return { kind: 'fail', error: new NotSignedInError({ signInHint: view.signInHint }) }
    case 'restoring':
      return snapshot.code === undefined ? { kind: 'wait' } : retryOrFail(view)
    case 'refreshing':
      return whileRefreshing(view)
    case 'transientFailure':
      if (token !== 'unusable') return mayRetry(view) && isWanted(view) ? promptFor(view) : { kind: 'serve' }
      return retryOrFail(view)
    case 'invalidated':
      return token === 'unusable' ? { kind: 'fail', error: endedError(view) } : { kind: 'serve' }
    default:
      if (isWanted(view)) return promptFor(view)
      return token === 'unusable' ? promptAgain(view) : { kind: 'serve' }
  }
}

function isWanted({ token, lastsLongEnough, refreshable, prompts }: CallerView): boolean {
  if (prompts > 0) return false
  return token === 'unusable' || (refreshable && (token === 'expiring' || !lastsLongEnough))
}

/** Who can be served is served at once; who cannot waits for what the prompt brings. */
function promptFor({ token, lastsLongEnough }: CallerView): CallerDecision {
  return token !== 'unusable' && lastsLongEnough ? { kind: 'serveAndPrompt' } : { kind: 'prompt' }
}

/** What came was adopted from somebody else and has expired meanwhile, perhaps. More than that is no accident. */
function promptAgain({ prompts }: CallerView): CallerDecision {
  if (prompts < mostPrompts) return { kind: 'prompt' }
  return { kind: 'fail', error: new RefreshUnavailableError({ code: 'tokenUnusable' }) }
}

function whileRefreshing(view: CallerView): CallerDecision {
  const { token, lastsLongEnough, unstored } = view
  if (token !== 'unusable' && (lastsLongEnough || unstored)) return { kind: 'serve' }
  // Nothing newer can come before the store is back, and nobody knows when that is.
  if (unstored) return { kind: 'fail', error: new RefreshUnavailableError({ code: 'storeUnavailable' }) }
  return { kind: 'wait' }
}

function retryOrFail(view: CallerView): CallerDecision {
  if (mayRetry(view) && view.prompts === 0) return { kind: 'prompt' }
  const { code, retryAt, status } = view.snapshot
  const cause = status === 'restoring' ? view.storeError : undefined
  const failure = { ...(code === undefined ? {} : { code }), retryAt }
  return { kind: 'fail', error: new RefreshUnavailableError(failure, cause && { cause }) }
}

/** Only the chart knows whether a server asked for the time: where it could have been our own, the chart is asked. */
function mayRetry({ snapshot, now }: CallerView): boolean {
  const { retryAt = 0 } = snapshot
  return isRetryDue({ retryAt, serverAsked: false }, now)
}

function endedError({ snapshot, signInHint }: CallerView): SessionEndedError {
  const { reason = 'grantRejected', endedAt = 0, serverCode } = snapshot
  return new SessionEndedError({ reason, endedAt, serverCode, signInHint })
}

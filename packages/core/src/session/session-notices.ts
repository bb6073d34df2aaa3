import type { EndReason, TransientCode } from '../errors/codes.ts'
import type { StepUpChallenge } from '../policy/classify-response.ts'
import type { SessionContext, SessionInput } from './session-context.ts'
import type { EndFacts, FailureFacts, RequestEnded } from './session-events.ts'
import type { ChartSnapshot, SessionStatus } from './session-snapshot.ts'
import { statusOf } from './session-snapshot.ts'

/**
 * What a session tells its app, each once per cause and not once per call. Metadata only.
 *
 * All times are milliseconds since the epoch.
 */
export type SessionNotice =
  /** New tokens, got by this holder. */
  | { readonly type: 'refreshed'; readonly generation: number; readonly expiresAt?: number }
  /** New tokens, got by another tab or process. */
  | { readonly type: 'adopted'; readonly generation: number; readonly expiresAt?: number }
  /** Refreshing began to fail, or fails for another reason than before; said again only after a recovery. */
  | { readonly type: 'refreshFailed'; readonly code: TransientCode; readonly retryAt?: number }
  /** Refreshing works again. */
  | { readonly type: 'recovered'; readonly generation: number }
  | EndedNotice
  | { readonly type: 'signedIn'; readonly generation: number; readonly expiresAt?: number }
  | { readonly type: 'signedOut' }
  /** New tokens could not be stored yet; they are served from memory, and a crash now would lose the session. */
  | { readonly type: 'unstored'; readonly generation: number }
  | { readonly type: 'stored'; readonly generation: number }
  /** The session is over, and the store could not be told: other holders will find out by themselves. */
  | { readonly type: 'endNotStored'; readonly reason: EndReason }
  /** A resource server wants more than a fresh token: a stronger or newer sign-in, or a wider scope. */
  | {
      readonly type: 'stepUpRequired'
      readonly origin: string
      readonly status?: number
      /** What the sign-in is to bring, if the server said so. */
      readonly challenge?: StepUpChallenge
    }
  /** A resource server rejected a token right after it was refreshed; its rejections cause no refresh for some time. */
  | {
      readonly type: 'rejectedAfterRefresh'
      readonly origin: string
      readonly status?: number
      readonly generation: number
    }
  /** The token endpoint has refused five times over ten minutes, in JSON and without a word we know: the sign-in may be over. */
  | { readonly type: 'refusedWithoutReason' }
  /** A sign-in brought no refresh token, though the grant needs one: the session will end with its access token. */
  | { readonly type: 'refreshTokenMissing'; readonly expiresAt?: number; readonly advice: string }
  /** Tokens that are no longer used could not be revoked; they expire by themselves. */
  | {
      readonly type: 'revocationFailed'
      /**
       * `noRevocationEndpoint`: the server has none; said once. `recordUnreadable`: they could not be read, and were
       * replaced.
       */
      readonly code?: 'noRevocationEndpoint' | 'recordUnreadable'
    }
  /** The store gives no hints of changes by other holders: it is looked at every few seconds instead. */
  | { readonly type: 'storeUnwatched' }
  /** The sign-in itself ends soon, whatever is refreshed: the user will have to sign in again. */
  | { readonly type: 'signInExpiring'; readonly signInExpiresAt: number }
  /** The stored record is not one that this version understands; it was not changed. */
  | { readonly type: 'recordUnreadable' }

/** The session is over. */
export interface EndedNotice {
  readonly type: 'ended'
  readonly reason: EndReason
  readonly endedAt: number
  /** The authorization server's `error`, if it sent one (RFC 6749, section 5.2). */
  readonly serverCode?: string
  /** The client it refused. Only with `clientRejected`. */
  readonly clientId?: string
  /** What to do about it, in a sentence. */
  readonly advice: string
}

/** What has been told to the app and is not told again. */
export interface Told {
  readonly generation: number
  /** The sign-in that was told. */
  readonly signInId: string
  readonly failure: TransientCode | undefined
  readonly end: EndReason | undefined
  readonly refusedWithoutReason: boolean
  readonly unreadable: boolean
  /** The end of the sign-in that was told. */
  readonly signInExpiresAt: number | undefined
  readonly signedOut: boolean
  /** Origins that asked for a step-up from the token that is held. */
  readonly stepUps: readonly string[]
  /** Origins that were told to reject token after token. */
  readonly rejecting: readonly string[]
}

export const nothingTold: Told = {
  generation: 0,
  signInId: '',
  failure: undefined,
  end: undefined,
  refusedWithoutReason: false,
  unreadable: false,
  signInExpiresAt: undefined,
  signedOut: false,
  stepUps: [],
  rejecting: [],
}

/** One step of the chart from rest to rest. */
interface Step {
  readonly before: SessionContext
  readonly after: SessionContext
  readonly from: SessionStatus
  readonly to: SessionStatus
}

/** A growing list of what is to be told. */
interface Telling {
  readonly notices: SessionNotice[]
  told: Told
}

/**
 * What a step of the chart tells the app: a pure function of how the session was, how it is, and what has been told.
 */
export function noticesBetween(before: ChartSnapshot, after: ChartSnapshot, told: Told): Telling {
  if (before === after) return { notices: [], told }
  const telling: Telling = { notices: [], told }
  const step = {
    before: before.context,
    after: after.context,
    from: statusOf(before.value),
    to: statusOf(after.value),
  }
  if (step.to === 'signedOut') tellSignedOut(step, telling)
  else if (step.from === 'signedOut' && step.to !== 'signingOut') telling.told = { ...told, signedOut: false }
  tellStoring(step, telling)
  tellTokens(step, telling)
  tellFailure(step, telling)
  tellEnd(step, telling)
  tellRequest(step, telling)
  tellSignInExpiring(step, telling)
  return telling
}

function tellSignedOut({ after, from }: Step, telling: Telling): void {
  const { told, notices } = telling
  const isNews = !told.signedOut && from !== 'restoring' && !(after.settings.signsIn && !after.tombstone)
  if (isNews) notices.push({ type: 'signedOut' })
  telling.told = { ...nothingTold, signedOut: true }
}

function tellStoring({ before, after, to }: Step, { notices }: Telling): void {
  const { generation } = after.token
  if (after.unstored && !before.unstored) notices.push({ type: 'unstored', generation })
  const isStored = before.unstored && !after.unstored && generation === before.token.generation
  const hasFailed = after.failure !== undefined && after.failure.code !== 'tokenUnusable'
  if (isStored && !hasFailed && after.end === undefined && to !== 'signedOut' && to !== 'signingOut') {
    notices.push({ type: 'stored', generation })
  }
}

/** New tokens. While a refresh is under way, those of its sign-in are for its end to tell. */
function tellTokens({ before, after, from, to }: Step, telling: Telling): void {
  const { told, notices } = telling
  const { token, source, advice } = after
  const { generation, signInId, expiresAt } = token
  const isSignIn = source === 'signIn' && (before.source !== 'signIn' || before.token.signInId !== signInId)
  const isUnderWay = from === 'refreshing' && to === 'refreshing'
  const isForItsEnd = isUnderWay && (source === 'refresh' || signInId === told.signInId)
  if (source === 'restored' && before.source === 'nowhere') telling.told = { ...told, generation, signInId }
  else if (generation > told.generation && token.held && after.end === undefined && !isForItsEnd) {
    tellNewTokens(after, telling)
  }
  const isRestored = before.token !== token && source === 'restored'
  if (isRestored && told.unreadable && after.end === undefined) notices.push({ type: 'recovered', generation })
  if (isRestored) telling.told = { ...telling.told, unreadable: false, signedOut: false }
  if (isSignIn && !token.refreshable) {
    notices.push({ type: 'refreshTokenMissing', expiresAt, advice: advice ?? refreshTokenMissingAdvice })
  }
}

function tellNewTokens({ token, source, failure }: SessionContext, telling: Telling): void {
  const { told, notices } = telling
  const { generation, signInId, expiresAt } = token
  const isTrouble = told.failure !== undefined || told.end !== undefined || told.unreadable
  if (source !== 'refresh' && signInId !== told.signInId) {
    notices.push({ type: 'signedIn', generation, expiresAt })
    // What was wrong was wrong with the session before.
    telling.told = { ...nothingTold, generation, signInId }
    return
  }
  telling.told = { ...told, generation, signInId, signedOut: false, stepUps: [] }
  // Good for nothing: what follows is a failure.
  if (failure?.code === 'tokenUnusable') return
  notices.push({ type: source === 'refresh' ? 'refreshed' : 'adopted', generation, expiresAt })
  if (!isTrouble) return
  notices.push({ type: 'recovered', generation })
  const { rejecting, signInExpiresAt } = told
  telling.told = { ...nothingTold, generation, signInId, rejecting, signInExpiresAt }
}

function tellFailure({ before, after, to }: Step, telling: Telling): void {
  const { failure } = after
  if (failure === undefined || failure === before.failure) return
  if (failure.unreadable === true && !telling.told.unreadable) telling.notices.push({ type: 'recordUnreadable' })
  if (to === 'restoring') {
    telling.told = { ...telling.told, unreadable: telling.told.unreadable || failure.unreadable === true }
  } else if (to === 'transientFailure') tellFailing(failure, telling)
}

function tellFailing(failure: FailureFacts, telling: Telling): void {
  const { told, notices } = telling
  const { code, retryAt, refusedWithoutReason = false } = failure
  if (told.failure !== code) notices.push({ type: 'refreshFailed', code, retryAt })
  if (refusedWithoutReason && !told.refusedWithoutReason) notices.push({ type: 'refusedWithoutReason' })
  telling.told = {
    ...told,
    failure: code,
    refusedWithoutReason: told.refusedWithoutReason || refusedWithoutReason,
  }
}

function tellEnd({ before, after, from }: Step, telling: Telling): void {
  const { end } = after
  if (end === undefined || end === before.end) return
  const { told, notices } = telling
  // The holder that was there when it ended has told it.
  if (from !== 'restoring' && told.end !== end.reason) notices.push(describeEnd(end, after))
  telling.told = { ...told, end: end.reason }
  if (end.stored === false) notices.push({ type: 'endNotStored', reason: end.reason })
}

function describeEnd({ reason, endedAt, serverCode }: EndFacts, context: SessionContext): EndedNotice {
  const clientId = reason === 'clientRejected' ? context.settings.clientId : undefined
  return { type: 'ended', reason, endedAt, serverCode, clientId, advice: adviseOnEnd(reason, context.settings) }
}

function tellRequest({ before, after }: Step, telling: Telling): void {
  const { lastOutcome, rejections } = after
  const { told, notices } = telling
  const rejecting = told.rejecting.filter((origin) => origin === lastOutcome?.origin || rejections?.[origin])
  telling.told = { ...telling.told, rejecting }
  if (lastOutcome === undefined) return
  const { origin, status, generation, outcome } = lastOutcome
  const isNew = lastOutcome !== before.lastOutcome
  if (isNew && outcome === 'accepted') {
    telling.told = { ...telling.told, rejecting: rejecting.filter((other) => other !== origin) }
  }
  if (isNew && outcome === 'stepUpRequired' && !telling.told.stepUps.includes(origin)) {
    notices.push({ type: 'stepUpRequired', origin, status, challenge: lastOutcome.challenge })
    telling.told = { ...telling.told, stepUps: [...telling.told.stepUps, origin] }
  }
  if (isRejectedAgain(lastOutcome, before, after) && !rejecting.includes(origin)) {
    notices.push({ type: 'rejectedAfterRefresh', origin, status, generation })
    telling.told = { ...telling.told, rejecting: [...rejecting, origin] }
  }
}

/** Seen here, or known to the record: whether the token that replaced a rejected one was rejected too. */
function isRejectedAgain(
  { origin, outcome }: Omit<RequestEnded, 'type'>,
  before: SessionContext,
  after: SessionContext,
): boolean {
  if (outcome === 'rejectedAfterRefresh') return after.lastOutcome !== before.lastOutcome
  if (outcome !== 'rejected' || after.rejections === before.rejections) return false
  return after.rejections?.[origin]?.pausedUntil !== before.rejections?.[origin]?.pausedUntil
}

const week = 7 * 24 * 60 * 60 * 1000

/** A quarter of its time before, at most a week. */
function tellSignInExpiring({ after: { token, judgedAt, end } }: Step, telling: Telling): void {
  const { signInExpiresAt, receivedAt } = token
  if (signInExpiresAt === undefined || end !== undefined || telling.told.signInExpiresAt === signInExpiresAt) return
  if (judgedAt < signInExpiresAt - Math.min((signInExpiresAt - receivedAt) / 4, week)) return
  telling.notices.push({ type: 'signInExpiring', signInExpiresAt })
  telling.told = { ...telling.told, signInExpiresAt }
}

/** What to do about an end: for the user, or for the operator where the client is at fault. */
export function adviseOnEnd(
  reason: EndReason,
  facts: Pick<SessionInput, 'signInHint' | 'dynamicallyRegistered' | 'signsIn'>,
): string {
  const signIn = facts.signInHint ?? 'sign in again'
  switch (reason) {
    case 'clientRejected':
      return facts.dynamicallyRegistered === true
        ? 'The authorization server no longer knows this client: register it again, then refresh.'
        : 'For the operator: check the issuer, the client id, its authentication and its allowed grant types, then refresh.'
    case 'grantRejected':
      if (facts.signsIn === true) return 'For the operator: check what the client may ask for, then refresh.'
      return `Only a new sign-in helps: ${signIn}.`
    case 'requestRejected':
      return `The authorization server calls the refresh invalid: ${signIn}; if that does not help, check the request.`
    case 'unreachable':
      return `Check the network and the authorization server, then refresh, or ${signIn}.`
    default:
      return `Only a new sign-in helps: ${signIn}.`
  }
}

/** What to do about a sign-in without a refresh token, where the sign-in itself does not say it more exactly. */
const refreshTokenMissingAdvice =
  'Ask for the scope `offline_access`, and allow the client the `refresh_token` grant; some servers want `prompt=consent` as well.'

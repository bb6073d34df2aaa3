import type { EndReason, TransientCode } from '../errors/codes.ts'
import { isSameEnd } from '../token/normalize-token-set.ts'
import type { SessionContext, SessionInput } from './session-context.ts'
import type { EndFacts, RequestEnded } from './session-events.ts'
import type { EndedNotice, SessionNotice } from './session-notice.ts'
import type { ChartSnapshot, SessionStatus } from './session-snapshot.ts'
import { statusOf } from './session-snapshot.ts'

/** What has been told to the app and is not told again. */
export interface Told {
  generation: number
  /** The sign-in that was told. */
  signInId: string
  failure: TransientCode | undefined
  end: EndReason | undefined
  refusedWithoutReason: boolean
  unreadable: boolean
  /** The end of the sign-in that was told, in milliseconds since the epoch. */
  signInEnd: number | undefined
  signedOut: boolean
  /** Origins that asked for a step-up from the token that is held. */
  stepUps: readonly string[]
  /** Origins that were told to reject token after token. */
  rejecting: readonly string[]
}

export const nothingTold: Readonly<Told> = {
  generation: 0,
  signInId: '',
  failure: undefined,
  end: undefined,
  refusedWithoutReason: false,
  unreadable: false,
  signInEnd: undefined,
  signedOut: false,
  stepUps: [],
  rejecting: [],
}

/** One step of the chart from rest to rest, and what it tells. */
interface Step {
  readonly before: SessionContext
  readonly after: SessionContext
  readonly from: SessionStatus
  readonly to: SessionStatus
  readonly notices: SessionNotice[]
  readonly told: Told
}

/**
 * What a step of the chart tells the app: a pure function of how the session was, how it is, and what has been told.
 */
export function noticesBetween(
  before: ChartSnapshot,
  after: ChartSnapshot,
  told: Readonly<Told>,
): { notices: readonly SessionNotice[]; told: Readonly<Told> } {
  if (before === after) return { notices: [], told }
  const step: Step = {
    before: before.context,
    after: after.context,
    from: statusOf(before.value),
    to: statusOf(after.value),
    notices: [],
    told: { ...told },
  }
  tellSignedOut(step)
  tellStoring(step)
  tellTokens(step)
  tellFailure(step)
  tellEnd(step)
  tellRequest(step)
  tellSignInExpiring(step)
  return { notices: step.notices, told: step.told }
}

function tellSignedOut({ after, from, to, told, notices }: Step): void {
  if (to !== 'signedOut') {
    told.signedOut &&= from !== 'signedOut' || to === 'signingOut'
    return
  }
  const isNews = !told.signedOut && from !== 'restoring' && !(after.settings.signsIn && !after.tombstone)
  if (isNews) notices.push({ type: 'signedOut' })
  Object.assign(told, nothingTold, { signedOut: true })
}

function tellStoring({ before, after, to, notices }: Step): void {
  const { generation } = after.token
  if (after.unstored && !before.unstored) notices.push({ type: 'unstored', generation })
  const isStored = before.unstored && !after.unstored && generation === before.token.generation
  const hasFailed = after.failure !== undefined && after.failure.code !== 'tokenUnusable'
  if (isStored && !hasFailed && after.end === undefined && to !== 'signedOut' && to !== 'signingOut') {
    notices.push({ type: 'stored', generation })
  }
}

/** New tokens. While a refresh is under way, those of its sign-in are for its end to tell. */
function tellTokens(step: Step): void {
  const { before, after, from, to, told, notices } = step
  const { token, source, advice } = after
  const { generation, signInId, expiresAt } = token
  const isSignIn = source === 'signIn' && (before.source !== 'signIn' || before.token.signInId !== signInId)
  const isUnderWay = from === 'refreshing' && to === 'refreshing'
  // Of a record that was removed or put back, the generations may begin anew.
  const isNews = generation > told.generation || signInId !== told.signInId
  const isForItsEnd = isUnderWay && (source === 'refresh' || signInId === told.signInId)
  if (source === 'restored' && before.source === 'nowhere') Object.assign(told, { generation, signInId })
  else if (isNews && token.held && after.end === undefined && !isForItsEnd) tellNewTokens(step)
  if (before.token !== token && source === 'restored') {
    if (told.unreadable && after.end === undefined) notices.push({ type: 'recovered', generation })
    told.unreadable = false
    told.signedOut = false
  }
  if (isSignIn && !token.refreshable) {
    notices.push({ type: 'refreshTokenMissing', expiresAt, advice: advice ?? refreshTokenMissingAdvice })
  }
}

function tellNewTokens({ after: { token, source, failure }, told, notices }: Step): void {
  const { generation, signInId, expiresAt } = token
  const isTrouble = told.failure !== undefined || told.end !== undefined || told.unreadable
  if (source !== 'refresh' && signInId !== told.signInId) {
    notices.push({ type: 'signedIn', generation, expiresAt })
    // What was wrong was wrong with the session before.
    Object.assign(told, nothingTold, { generation, signInId })
    return
  }
  Object.assign(told, { generation, signInId, signedOut: false, stepUps: [] })
  // Good for nothing: what follows is a failure.
  if (failure?.code === 'tokenUnusable') return
  notices.push({ type: source === 'refresh' ? 'refreshed' : 'adopted', generation, expiresAt })
  if (!isTrouble) return
  notices.push({ type: 'recovered', generation })
  const { rejecting, signInEnd } = told
  Object.assign(told, nothingTold, { generation, signInId, rejecting, signInEnd })
}

function tellFailure({ before, after, to, told, notices }: Step): void {
  const { failure } = after
  if (failure === undefined || failure === before.failure) return
  const { code, retryAt, serverWords, refusedWithoutReason = false, unreadable = false } = failure
  if (unreadable && !told.unreadable) notices.push({ type: 'recordUnreadable' })
  if (to === 'restoring') told.unreadable ||= unreadable
  if (to !== 'transientFailure') return
  if (told.failure !== code) notices.push({ type: 'refreshFailed', code, retryAt, serverWords })
  if (refusedWithoutReason && !told.refusedWithoutReason) {
    notices.push({ type: 'refusedWithoutReason', serverWords, advice: refusedWithoutReasonAdvice })
  }
  told.failure = code
  told.refusedWithoutReason ||= refusedWithoutReason
}

function tellEnd({ before, after, from, told, notices }: Step): void {
  const { end } = after
  if (end === undefined || end === before.end) return
  // The holder that was there when it ended has told it.
  if (from !== 'restoring' && told.end !== end.reason) notices.push(describeEnd(end, after))
  told.end = end.reason
  if (end.stored === false) notices.push({ type: 'endNotStored', reason: end.reason })
}

function describeEnd({ reason, endedAt, serverCode }: EndFacts, context: SessionContext): EndedNotice {
  const clientId = reason === 'clientRejected' ? context.settings.clientId : undefined
  return { type: 'ended', reason, endedAt, serverCode, clientId, advice: adviseOnEnd(reason, context.settings) }
}

function tellRequest({ before, after, told, notices }: Step): void {
  const { lastOutcome, rejections } = after
  told.rejecting = told.rejecting.filter((origin) => origin === lastOutcome?.origin || rejections?.[origin])
  if (lastOutcome === undefined) return
  const { origin, status, generation, outcome, challenge } = lastOutcome
  const isNew = lastOutcome !== before.lastOutcome
  if (isNew && outcome === 'stepUpRequired' && !told.stepUps.includes(origin)) {
    notices.push({ type: 'stepUpRequired', origin, status, challenge })
    told.stepUps = [...told.stepUps, origin]
  }
  if (isRejectedAgain(lastOutcome, before, after) && !told.rejecting.includes(origin)) {
    notices.push({ type: 'rejectedAfterRefresh', origin, status, generation })
    told.rejecting = [...told.rejecting, origin]
  }
  if (isNew && outcome === 'accepted') told.rejecting = told.rejecting.filter((other) => other !== origin)
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

/** Said once by each holder: none of them knows which one has the user. */
function tellSignInExpiring({ after: { token, judgedAt, end }, told, notices }: Step): void {
  const { signInExpiresAt, signInExpiringAt = Infinity } = token
  if (signInExpiresAt === undefined || end !== undefined || judgedAt < signInExpiringAt) return
  if (!isSameEnd(told.signInEnd, signInExpiresAt)) notices.push({ type: 'signInExpiring', signInExpiresAt })
  told.signInEnd = signInExpiresAt
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
        : 'For the operator: check the client id, its authentication and its grant types, then refresh.'
    case 'grantRejected':
      if (facts.signsIn === true) return 'For the operator: check what the client may ask for, then refresh.'
      return `Only a new sign-in helps: ${signIn}.`
    case 'requestRejected':
      return `First ${signIn}; if that does not help, check the refresh request.`
    case 'unreachable':
      return `Check the network and the authorization server, then refresh, or ${signIn}.`
    default:
      return `Only a new sign-in helps: ${signIn}.`
  }
}

const refusedWithoutReasonAdvice =
  'If these words mean that the sign-in is over, have `classifyFailure` answer `grantRejected`.'

/** What to do about a sign-in without a refresh token, where the sign-in itself does not say it more exactly. */
const refreshTokenMissingAdvice = 'Ask for the scope `offline_access`, and allow the client the `refresh_token` grant.'

import type { EndReason, TransientCode } from '../errors/codes.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { helpOn } from '../errors/help.ts'
import { adviseOnEnd } from '../session/notices-between.ts'
import { answers, failureAdvice } from './explanations.ts'
import type { RecordedTransition, SessionRecording } from './record-session.ts'
import { findRefreshes, isInState, isRefreshing, type RecordedRefresh } from './recorded-refreshes.ts'

/** Why a session is as it is, in plain sentences. */
export interface SessionExplanation {
  /** `ended` and `failing` have a reason or a code; in the other cases there is nothing to explain. */
  readonly verdict: 'ended' | 'failing' | 'signedOut' | 'restoring' | 'well'
  readonly reason?: EndReason
  readonly code?: TransientCode
  /** What was asked for. */
  readonly asked: string
  /** What was answered. */
  readonly answered: string
  /** What has been tried, and what is tried next. */
  readonly tried: string
  /** What to do about it. */
  readonly advice: string
  /** Where the docs say more; absent where there is nothing to explain. */
  readonly help?: string
  /** All of this, below a line that says what it is about. */
  readonly text: string
}

/** How long callers wait for a refresh by default: `maximumWaitMilliseconds` of `createSession`. */
const defaultWaitMilliseconds = 10_000

/**
 * Says why a session ended or fails: what was asked, what was answered, what was tried, what to do.
 *
 * @throws ConfigurationError when the value is not a recording, such as one that was cut on its way into a bug report
 */
export function explainRecording(recording: SessionRecording): SessionExplanation {
  requireRecording(recording)
  const { transitions, takenAt } = recording
  const last = transitions.at(-1)
  const refreshes = findRefreshes(transitions)
  if (last === undefined) return explanation({ verdict: 'restoring', ...nothingHappened })
  if (last.reason !== undefined) return explainEnd(recording, last, refreshes)
  const code = failureOf(last, refreshes, takenAt)
  if (code !== undefined) return explainFailure(code, last, refreshes)
  return explanation({ ...explainCalm(last), asked: askedIn(refreshes), tried: triedIn(refreshes) })
}

type Parts = Omit<SessionExplanation, 'text' | 'help'>

const nothingHappened = {
  asked: 'Nothing was asked yet.',
  answered: 'Nothing was answered yet.',
  tried: 'Nothing was tried yet.',
  advice: 'There is nothing to do.',
}

function explainEnd(
  recording: SessionRecording,
  last: RecordedTransition,
  refreshes: readonly RecordedRefresh[],
): SessionExplanation {
  const reason = last.reason as EndReason
  const end = recording.transitions.find((transition) => transition.reason === reason) ?? last
  const server = last.serverCode === undefined ? '' : ` It said \`${last.serverCode}\`.`
  const endedBy = refreshes.findLast((refresh) => refresh.startedAt <= end.time && refresh.end?.reason === reason)
  return explanation({
    verdict: 'ended',
    reason,
    asked: endedBy?.asked ?? (isFromBefore(end, recording) ? toldByRecord : toldByStore),
    answered: `${answers[reason] ?? `The session ended: ${reason}.`}${server}`,
    tried: `${triedIn(refreshes)} Since ${timeOf(end.time)} no refresh starts by itself; ${restOfToken(end)}.`,
    advice: adviseOnEnd(reason, recording.about),
  })
}

const toldByRecord = 'Nothing was asked since the recording began: the session had ended before.'
const toldByStore = 'Nothing was asked here: the store said that the session ended.'

/** What the end left of the access token. */
function restOfToken({ state }: RecordedTransition): string {
  if (isInState(state, 'expired')) return 'there is no valid access token'
  if (isInState(state, 'rejected')) return 'the access token had been rejected'
  return 'the access token is served until it expires'
}

/** The session had ended before it was read: nothing comes before but the reading of the store. */
function isFromBefore(end: RecordedTransition, { transitions, dropped }: SessionRecording): boolean {
  if (dropped > 0) return false
  return transitions.slice(0, transitions.indexOf(end)).every(({ state }) => isInState(state, 'restoring'))
}

function explainFailure(
  code: TransientCode,
  last: RecordedTransition,
  refreshes: readonly RecordedRefresh[],
): SessionExplanation {
  return explanation({
    verdict: 'failing',
    code,
    asked: askedIn(refreshes),
    answered: [answers[code] ?? `The refresh failed: ${code}.`, ...quote(last)].join(' '),
    tried: [triedIn(refreshes), nextTry(code, last)].filter((sentence) => sentence !== '').join(' '),
    advice: failureAdvice[code] ?? 'Wait: it will be tried again.',
  })
}

function quote({ serverWords, mayBeOver }: RecordedTransition): string[] {
  const said = serverWords === undefined ? [] : [`It said "${serverWords}".`]
  return mayBeOver ? [...said, 'It keeps refusing: the sign-in may be over.'] : said
}

function explainCalm(last: RecordedTransition): Pick<Parts, 'verdict' | 'answered' | 'advice'> {
  const { advice } = nothingHappened
  switch (last.state) {
    case 'signedOut':
    case 'signingOut':
      return { verdict: 'signedOut', answered: 'There is no sign-in.', advice: 'Sign in.' }
  }
  if (isInState(last.state, 'restoring')) {
    return { verdict: 'restoring', answered: 'The store is still being read.', advice: 'Wait for the store.' }
  }
  if (isRefreshing(last.state)) return { verdict: 'well', answered: 'A refresh is under way.', advice }
  if (last.rejectedBy === undefined) return { verdict: 'well', answered: 'Nothing is wrong with the session.', advice }
  return {
    verdict: 'well',
    answered: `New tokens are rejected as well by ${last.rejectedBy.join(', ')}, so these rejections start no refresh for now.`,
    advice: 'Check what that API expects of a token: its audience, scope, issuer and times.',
  }
}

/** Why refreshing fails now; a refresh that callers no longer wait for counts too. */
function failureOf(
  last: RecordedTransition,
  refreshes: readonly RecordedRefresh[],
  now: number,
): TransientCode | undefined {
  if (last.code !== undefined) return last.code
  const underWay = isRefreshing(last.state) ? refreshes.at(-1) : undefined
  return underWay !== undefined && now - underWay.startedAt >= defaultWaitMilliseconds ? 'timeout' : undefined
}

function askedIn(refreshes: readonly RecordedRefresh[]): string {
  return refreshes.at(-1)?.asked ?? 'No refresh was asked for since the recording began.'
}

function triedIn(refreshes: readonly RecordedRefresh[]): string {
  const [first] = refreshes
  const last = refreshes.at(-1)
  if (first === undefined || last === undefined) return 'No refresh was tried.'
  const sent = refreshes.filter(({ hasSent }) => hasSent).length
  if (first === last) {
    return `One refresh was tried, at ${timeOf(last.startedAt)}${sent === 0 ? '; it sent nothing' : ''}.`
  }
  const requests = sent === refreshes.length ? '' : `; ${sent === 0 ? 'none' : sent} of them sent a token request`
  const [from, to] = [timeOf(first.startedAt), timeOf(last.startedAt)]
  return `${refreshes.length} refreshes were tried, from ${from} to ${to}${requests}.`
}

function nextTry(code: TransientCode, { failures, retryAt }: RecordedTransition): string {
  if (code === 'timeout') return 'It is still under way.'
  const row = failures !== undefined && failures > 1 ? `It has failed ${failures} times in a row.` : ''
  const next = retryAt === undefined ? '' : `The next try is due at ${timeOf(retryAt)}.`
  return [row, next].filter((sentence) => sentence !== '').join(' ')
}

function explanation(parts: Parts): SessionExplanation {
  const { verdict, reason, code, asked, answered, tried, advice } = parts
  const name = reason ?? code
  const help = name && helpOn(name)
  const heads = {
    ended: `The session has ended: ${reason}.`,
    failing: `The session goes on, but cannot be refreshed now: ${code}.`,
    signedOut: 'There is no sign-in.',
    restoring: 'The session is being restored.',
    well: 'The session is well.',
  }
  const text = [
    heads[verdict],
    `  Asked:    ${asked}`,
    `  Answered: ${answered}`,
    `  Tried:    ${tried}`,
    `  To do:    ${advice}`,
    ...(help === undefined ? [] : [`  More:     ${help}`]),
  ].join('\n')
  return { ...parts, help, text }
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}

function requireRecording(recording: SessionRecording): void {
  const { format, transitions } = (recording ?? {}) as Partial<SessionRecording>
  if (format !== 1 || !Array.isArray(transitions)) {
    throw new ConfigurationError('recording', 'must be a whole recording of format 1, as recordSession returns it.')
  }
}

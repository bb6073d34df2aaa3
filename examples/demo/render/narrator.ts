import type { SessionNotice } from '@authchart/core'
import type { CallEndedEvent, StateEvent, TimedEvent, TokenRequestEvent } from '../demo-events.ts'
import { type Line, plain, styled } from './line.ts'

/** Tells events as lines of a log; of a run of calls with the same result, only the first. */
export type Narrator = (event: TimedEvent) => Line[]

const textColumn = 18

/** Makes a narrator. `withStates` tells each change of the chart's state too. */
export function createNarrator({ withStates }: { withStates: boolean }): Narrator {
  const tellCall = createCallTeller()
  return (event) => {
    switch (event.type) {
      case 'act':
        return [
          [],
          [plain('  '), styled('heading', `${event.act}/${event.acts}  ${event.title}`)],
          [plain(`       ${event.text}`)],
        ]
      case 'notice':
        return tellNotice(event.notice, event.at)
      case 'tokenRequest':
        return [entry(event.at, 'tokens', ...tellTokenRequest(event))]
      case 'tokenRequestUnanswered':
        return [entry(event.at, 'tokens', plain('no answer: '), styled('caution', event.code))]
      case 'authorizationServer':
        return [
          event.reachable
            ? entry(event.at, 'server', styled('good', 'is back'))
            : entry(event.at, 'server', styled('bad', 'is down: it refuses connections')),
        ]
      case 'callEnded':
        return tellCall(event).map((spans) => entry(event.at, 'calls', ...spans))
      case 'state':
        return withStates ? [entry(event.at, 'state', plain(tellState(event)))] : []
      default:
        return []
    }
  }
}

/** A line of the log: when, who, what. */
function entry(at: number, who: string, ...what: Line): Line {
  const time = `${(at / 1000).toFixed(1)} s`.padStart(8)
  return [styled('quiet', `${time}  ${who.padEnd(textColumn - 10)}`), ...what]
}

function continuation(...what: Line): Line {
  return [plain(' '.repeat(textColumn)), ...what]
}

function tellNotice(notice: SessionNotice, at: number): Line[] {
  const { type } = notice
  switch (type) {
    case 'refreshFailed': {
      return [entry(at, 'notice', styled('caution', 'refreshFailed'), plain(`: ${notice.code}`))]
    }
    case 'ended': {
      const { reason, serverCode, advice } = notice
      const because = serverCode === undefined ? '' : ` (the server says ${serverCode})`
      return [entry(at, 'notice', styled('bad', 'ended'), plain(`: ${reason}${because}`)), continuation(plain(advice))]
    }
    default:
      return [entry(at, 'notice', styled('good', type))]
  }
}

/** What the server did, even where the session cannot know it. */
function tellTokenRequest({ refreshToken = 0, presentation, outcome, status, error }: TokenRequestEvent): Line {
  const token = plain(`refresh token ${refreshToken}`)
  const again = presentation === 'replay' ? [styled('caution', ' again, a replay')] : []
  switch (outcome) {
    case 'issued':
      return [token, ...again, plain(': spent, tokens issued')]
    case 'repeated':
      return [token, ...again, plain(': the same answer (grace)')]
    case 'dropped':
      return [token, ...again, plain(': spent, tokens issued, '), styled('caution', 'the answer lost')]
    case 'refused':
      return [token, ...again, plain(': refused, '), styled('bad', `${status} ${error ?? ''}`)]
    case 'answeredInstead':
      return [token, ...again, plain(': kept back, '), styled('caution', `${status} ${error ?? reasonPhrase(status)}`)]
    default:
      return [token, ...again, plain(`: ${outcome}`)]
  }
}

function reasonPhrase(status: number | undefined): string {
  return status === 429 ? 'Too Many Requests' : 'from a firewall, in HTML'
}

/** Tells a call that was sent again, and where a run of calls without a token begins and ends. */
function createCallTeller(): (event: CallEndedEvent) => Line[] {
  let withoutToken = 0
  const reasonsTold = new Set<string | undefined>()
  return ({ call, outcome, rejectedOnce, why }) => {
    if (outcome === 'failedOtherwise') return [[styled('bad', `call ${call} failed: ${why}`)]]
    if (outcome === 'tokenUnusable') {
      withoutToken += 1
      if (reasonsTold.has(why)) return []
      reasonsTold.add(why)
      return [[styled('caution', 'no usable token'), plain(`: ${explainRefusal(why)}`)]]
    }
    const lines: Line[] = []
    if (withoutToken > 0)
      lines.push([styled('good', 'succeed again'), plain(`, after ${withoutToken} without a token`)])
    withoutToken = 0
    reasonsTold.clear()
    if (rejectedOnce) lines.push([plain(`call ${call}: `), styled('caution', '401'), ...sentAgain])
    return lines
  }
}

const sentAgain: Line = [plain(', refreshed, sent again: '), styled('good', '200')]

function explainRefusal(why: string | undefined): string {
  if (why === '401') return 'the API said 401, and there is no newer one'
  return `${why}, said at once, nothing sent`
}

function tellState({ token, refresh, code, reason }: StateEvent): string {
  const regions = refresh === undefined ? token : `token ${token}, refresh ${refresh}`
  const because = refresh?.startsWith('transientFailure') ? code : reason
  return because === undefined ? regions : `${regions}: ${because}`
}

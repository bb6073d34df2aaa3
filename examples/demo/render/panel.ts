import type { StateEvent } from '../demo-events.ts'
import { openCalls } from '../tally.ts'
import { type Line, plain, type Span, type StyleName, styled } from './line.ts'
import type { CallMark, PanelView } from './panel-view.ts'

/** How many lines a panel has. */
export const panelHeight = 7

/** The text of the panel at `now`, in milliseconds since the epoch. */
export function describePanel(view: PanelView, { now, columns }: { now: number; columns: number }): Line[] {
  const width = Math.min(columns, 100)
  return [
    [styled('quiet', '─'.repeat(width))],
    describeToken(view.tally.state, { now, width }),
    describeRefresh(view, now),
    [label('calls'), ...describeCalls(view.calls, width - labelWidth - 2)],
    [label(''), ...describeCallCounts(view)],
    describeServer(view),
    [styled('quiet', '─'.repeat(width))],
  ]
}

const labelWidth = 11
const stateWidth = 20

function label(text: string): Span {
  return styled('strong', `  ${text}`.padEnd(labelWidth))
}

function lamp(state: string, name: StyleName): Span {
  return styled(name, `● ${state}`.padEnd(stateWidth))
}

/** The first region, and the rest of the token's life: the bar shrinks; the tick marks where a refresh is due. */
function describeToken(state: StateEvent | undefined, { now, width }: { now: number; width: number }): Line {
  if (state === undefined) return [label('token')]
  const { token, receivedAt, expiresAt } = state
  const style = styleOfState(token)
  const line: Line = [label('token'), lamp(token, style)]
  if (receivedAt === undefined || expiresAt === undefined) return line
  const left = Math.max(expiresAt - now, 0)
  const lifetime = Math.max(expiresAt - receivedAt, 1)
  const due = (expiresAt - (state.refreshDueAt ?? expiresAt)) / lifetime
  const barWidth = Math.max(width - labelWidth - stateWidth - 14, 10)
  const filled = token === 'rejected' ? 0 : left / lifetime
  return [
    ...line,
    ...describeBar({ filled, tick: due, width: barWidth, style }),
    plain((token === 'rejected' ? 'refused' : `${seconds(left)} left`).padStart(12)),
  ]
}

function describeBar(bar: { filled: number; tick: number; width: number; style: StyleName }): Span[] {
  const full = Math.round(bar.filled * bar.width)
  const tick = Math.round(bar.tick * bar.width)
  const cells = Array.from({ length: bar.width }, (_, index) => index)
  return cells.map((index) => {
    if (index === tick) return styled('strong', '╎')
    return index < full ? styled(bar.style, '█') : styled('quiet', '░')
  })
}

/** The second region. */
function describeRefresh({ tally: { state }, refreshedAt }: PanelView, now: number): Line {
  const refresh = state?.refresh
  if (state === undefined || refresh === undefined) return [label('refresh')]
  const [outer = '', inner = ''] = refresh.split('.')
  const line: Line = [label('refresh'), lamp(outer, styleOfState(refresh))]
  if (outer === 'refreshing') return [...line, ...describeSteps(inner)]
  if (outer === 'transientFailure') return [...line, plain(describeFailure(state, now))]
  if (outer === 'invalidated') return [...line, plain(`${state.reason}: only a new sign-in helps`)]
  return now - refreshedAt < afterglowMilliseconds
    ? [...line, styled('good', 'new tokens stored')]
    : [...line, styled('quiet', 'nothing to do')]
}

/** A refresh is quick: its result stays visible for this long. */
const afterglowMilliseconds = 700

const steps = ['waitingForLease', 'rereading', 'requestingTokens', 'storing']
const stepNames: Record<string, string> = {
  waitingForLease: 'lease',
  rereading: 're-read',
  requestingTokens: 'token request',
  storing: 'store',
}

function describeSteps(current: string): Span[] {
  const reached = steps.indexOf(current)
  return steps.flatMap((step, index) => {
    const name = stepNames[step] ?? step
    const arrow = styled('quiet', index === 0 ? '' : ' › ')
    if (index === reached) return [arrow, styled('strong', name)]
    return [arrow, index < reached ? plain(name) : styled('quiet', name)]
  })
}

function describeFailure({ code, retryAt = 0 }: StateEvent, now: number): string {
  return retryAt > now ? `${code}: no try for another ${seconds(retryAt - now)}` : `${code}: the next call tries again`
}

const marks: Record<CallMark['fate'], Span> = {
  open: styled('accent', '○'),
  succeeded: styled('good', '•'),
  sentAgain: styled('caution', '↻'),
  tokenUnusable: styled('caution', '×'),
  failedOtherwise: styled('bad', '!'),
}

function describeCalls(calls: readonly CallMark[], width: number): Span[] {
  return calls.slice(-width).map(({ fate }) => marks[fate])
}

function describeCallCounts({ tally }: PanelView): Line {
  const { succeeded, tokenUnusable, failedOtherwise } = tally.callsByOutcome
  return [
    styled('good', `• ${succeeded} succeeded`),
    plain('   '),
    styled('caution', `× ${tokenUnusable} without a token`),
    plain('   '),
    styled(failedOtherwise === 0 ? 'quiet' : 'bad', `! ${failedOtherwise} failed`),
    plain('   '),
    styled('accent', `○ ${openCalls(tally)} waiting`),
  ]
}

function describeServer({ tally, serverIsReachable, replays }: PanelView): Line {
  const { tokenRequests, notices } = tally
  return [
    label('server'),
    lamp(serverIsReachable ? 'up' : 'down', serverIsReachable ? 'good' : 'bad'),
    plain(`token requests ${tokenRequests}   refreshes ${notices.refreshed ?? 0}   replays ${replays}`),
  ]
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function styleOfState(state: string): StyleName {
  if (state === 'fresh' || state === 'idle') return 'good'
  if (state === 'expiring' || state.startsWith('refreshing')) return 'accent'
  return state.startsWith('transientFailure') ? 'caution' : 'bad'
}

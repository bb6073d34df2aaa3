import { describe, expect, it } from 'vitest'
import type { DemoEvent, StateEvent } from '../demo-events.ts'
import type { Line } from './line.ts'
import { describePanel, panelHeight } from './panel.ts'
import { addToView, emptyView, type PanelView } from './panel-view.ts'

const held = { usable: true, tokenSet: 1, receivedAt: 0, refreshDueAt: 2_000, expiresAt: 4_000 }
const states: StateEvent[] = [
  { type: 'state', token: 'restoring.reading', usable: false, tokenSet: 0 },
  { type: 'state', token: 'signedOut', usable: false, tokenSet: 0 },
  { type: 'state', token: 'fresh', refresh: 'idle', ...held },
  { type: 'state', token: 'expiring', refresh: 'refreshing.requestingTokens', ...held },
  {
    ...{ type: 'state', token: 'expired', refresh: 'transientFailure.backingOff', ...held },
    ...{ usable: false, code: 'unknownOutcome', retryAt: 300_000 },
  },
  { type: 'state', token: 'rejected', refresh: 'invalidated', ...held, usable: false, reason: 'identityMismatch' },
]

describe('the panel', () => {
  it.each(states)('fits 80 columns with $token and $refresh', (state) => {
    const lines = describePanel(viewOf([state, ...calls(150)]), { now: 1_000, columns: 79 }).map(textOf)
    expect(lines).toHaveLength(panelHeight)
    for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(79)
  })

  it('shows how much of the token is left, and where a refresh is due', () => {
    const [, line] = describePanel(viewOf([states[2] as StateEvent]), { now: 1_000, columns: 79 }).map(textOf)
    const [full = '', empty = ''] = [line?.match(/[█╎]+/)?.[0], line?.match(/░+/)?.[0]]
    expect(full.length / (full.length + empty.length)).toBeCloseTo(3 / 4, 1)
    expect(line).toContain('3.0 s left')
  })

  it('shows each call by its fate, the latest last', () => {
    const events: DemoEvent[] = [
      ...calls(3),
      { type: 'callEnded', call: 1, outcome: 'succeeded', rejectedOnce: true },
      { type: 'callEnded', call: 2, outcome: 'tokenUnusable', rejectedOnce: false, why: 'network' },
    ]
    const lines = describePanel(viewOf(events), { now: 0, columns: 79 }).map(textOf)
    expect(lines[3]).toBe('  calls    ↻×○')
    expect(lines[4]).toContain('• 1 succeeded   × 1 without a token   ! 0 failed   ○ 1 waiting')
  })
})

function calls(count: number): DemoEvent[] {
  return Array.from({ length: count }, (_, index) => ({ type: 'callStarted', call: index + 1 }))
}

function viewOf(events: readonly DemoEvent[]): PanelView {
  return events.reduce<PanelView>((view, event) => addToView(view, { ...event, at: 0 }, 0), emptyView)
}

function textOf(line: Line): string {
  return line.map(({ text }) => text).join('')
}

import { activePaths } from '../drawing/chart-parts.ts'
import type { Step } from './traces.ts'

/** Lights the active states after a step, and the arrows it took. */
export function lightChart(chart: Element, step: Step | undefined, before: Step | undefined): void {
  const active = new Set(activePaths(step?.value))
  const wasActive = new Set(activePaths(before?.value))
  for (const state of chart.querySelectorAll('[data-state]')) {
    const path = state.getAttribute('data-state') ?? ''
    state.classList.toggle('active', active.has(path))
    const isNew = active.has(path) && !wasActive.has(path) && state.classList.contains('leaf')
    if (isNew) state.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }
  for (const arrow of chart.querySelectorAll('[data-triggers]')) {
    const source = arrow.getAttribute('data-source') ?? ''
    const target = arrow.getAttribute('data-target') ?? ''
    const triggers = (arrow.getAttribute('data-triggers') ?? '').split(' | ')
    const isLeaving = source === '' || wasActive.has(source)
    const isArriving = active.has(target)
    const isTriggered = triggers.some((trigger) =>
      trigger.startsWith('always') ? !wasActive.has(target) : trigger === triggerOf(step?.event.type ?? ''),
    )
    arrow.classList.toggle('taken', before !== undefined && isLeaving && isArriving && isTriggered)
  }
}

/** `xstate.after.untilRetry.session.signedIn` is `after untilRetry` in the chart. */
export function triggerOf(event: string): string {
  const delay = /^xstate\.after\.([^.]+)/.exec(event)?.[1]
  return delay === undefined ? event : `after ${delay}`
}

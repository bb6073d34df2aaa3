import type { SessionEvent, sessionMachine } from '@authchart/core/machine'
import type { AnyActorRef, SnapshotFrom } from 'xstate'

/** The chart at one moment. */
export type ChartSnapshot = SnapshotFrom<typeof sessionMachine>

/** What the chart hears: the session's events, and its own timers. */
export type ChartEvent = SessionEvent | { readonly type: `xstate.after.${string}` }

/** The actor that runs an effect, while it does. */
export function effectOf(chart: ChartSnapshot, id: 'clockReader' | 'recordReader' | 'refresher' | 'signOut') {
  return (chart.children as Record<string, AnyActorRef | undefined>)[id]
}

/** The generation that made somebody want the refresh under way; `undefined` while there is none. */
export function promptedGeneration(chart: ChartSnapshot): number | undefined {
  const refresher = effectOf(chart, 'refresher') as { options?: { input?: { generation: number } } } | undefined
  return refresher?.options?.input?.generation
}

/** Whether something has failed and is tried again in a while. */
export function isWaitingToRetry(chart: ChartSnapshot): boolean {
  return chart.matches({ restoring: 'unavailable' }) || chart.matches({ signedIn: { refresh: 'transientFailure' } })
}

/** Where the chart is: `restoring.reading`, or both regions, such as `fresh/refreshing.storing`. */
export function describePlace({ value }: { readonly value: unknown }): string {
  if (typeof value === 'string') return value
  const { signedIn, ...rest } = value as Record<string, unknown> & { signedIn?: { token: unknown; refresh: unknown } }
  if (signedIn !== undefined) {
    return `${describePlace({ value: signedIn.token })}/${describePlace({ value: signedIn.refresh })}`
  }
  return Object.entries(rest)
    .map(([parent, child]) => `${parent}.${describePlace({ value: child })}`)
    .join('/')
}

import type { SessionEvent, sessionMachine } from '@authchart/core/machine'
import type { AnyActorRef, SnapshotFrom } from 'xstate'

/** The chart at one moment. */
export type ChartSnapshot = SnapshotFrom<typeof sessionMachine>

/** What the chart hears: the session's events, and its own timers. */
export type ChartEvent = SessionEvent | { readonly type: `xstate.after.${string}` }

/** Something that the chart hears. */
export interface Happening {
  readonly event: ChartEvent
  /** What time it is then, in milliseconds since the epoch; absent where the chart does not ask. */
  readonly now?: number
}

/** The actor that runs an effect, while it does. */
export function effectOf(chart: ChartSnapshot, id: 'recordReader' | 'refresher' | 'signOut') {
  return (chart.children as Record<string, AnyActorRef | undefined>)[id]
}

/** Why the refresh under way was begun; `undefined` while there is none. */
export function promptOf(chart: ChartSnapshot): { generation: number; cause: string } | undefined {
  const refresher = effectOf(chart, 'refresher')
  return (refresher as { options?: { input?: { generation: number; cause: string } } } | undefined)?.options?.input
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

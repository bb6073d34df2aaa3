import type { Environment } from '@authchart/core'

type Change = Parameters<Parameters<Environment['subscribe']>[0]>[0]

/** A device whose network, page and sleep a test decides. */
export interface Device {
  readonly environment: Environment
  /** How many listen. */
  readonly listeners: number
  tell(change: Change): void
}

/** A device with a network. */
export function createDevice(): Device {
  const listeners = new Set<(change: Change) => void>()
  let online = true
  let visible = true
  return {
    environment: {
      isOnline: () => online,
      isVisible: () => visible,
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    get listeners() {
      return listeners.size
    },
    tell(change) {
      if (change === 'online' || change === 'offline') online = change === 'online'
      if (change === 'shown' || change === 'hidden') visible = change === 'shown'
      for (const listener of [...listeners]) listener(change)
    },
  }
}

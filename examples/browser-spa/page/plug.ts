import { type Environment, globalEnvironment } from '@authchart/core'

/**
 * The page's own network plug. A page cannot take its browser offline, but it can tell its session so, and fail each of
 * its requests as the browser would.
 */
const listeners = new Set<() => void>()
let isPulled = false

export function isPlugPulled(): boolean {
  return isPulled
}

export function pullPlug(pulled: boolean): void {
  isPulled = pulled
  for (const listener of listeners) listener()
}

export function subscribeToPlug(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** `fetch`, while the plug is in. */
export const pluggedFetch: typeof fetch = async (input, init) => {
  if (isPulled) throw new TypeError('Failed to fetch')
  return fetch(input, init)
}

/** What a session hears by default of the device, and of the plug. */
export const environment: Environment = {
  ...globalEnvironment,
  isOnline: () => !isPulled && globalEnvironment.isOnline(),
  subscribe(listener) {
    const stopPlug = subscribeToPlug(() => listener(environment.isOnline() ? 'online' : 'offline'))
    const stopDevice = globalEnvironment.subscribe((change) => {
      // The device may come online while the plug is pulled.
      if (change !== 'online' || environment.isOnline()) listener(change)
    })
    return () => {
      stopPlug()
      stopDevice()
    }
  },
}

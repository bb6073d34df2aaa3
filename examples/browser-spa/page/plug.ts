import { type Environment, globalEnvironment } from '@authchart/core'

/**
 * The page's own plug: pulled, it has no network. A page cannot take its browser offline; what it can is to say so to
 * its session, and to fail each of its requests as the browser would.
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

/** What a session hears of the device by default, and of the plug. */
export const environment: Environment = {
  ...globalEnvironment,
  isOnline: () => !isPulled && globalEnvironment.isOnline(),
  subscribe(listener) {
    const stopPlug = subscribeToPlug(() => listener(environment.isOnline() ? 'online' : 'offline'))
    const stopDevice = globalEnvironment.subscribe((change) => {
      // The device may come online under a plug that is pulled.
      if (change !== 'online' || environment.isOnline()) listener(change)
    })
    return () => {
      stopPlug()
      stopDevice()
    }
  },
}

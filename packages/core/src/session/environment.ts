/** What a session hears from the device it runs on. */
export interface Environment {
  /** `false` only where the device is sure that it has no network. */
  isOnline(): boolean
  /**
   * Calls back when the network comes or goes, and when the program goes on after a sleep or is shown again. Returns a
   * function that ends that.
   */
  subscribe(listener: (change: 'online' | 'offline' | 'resumed') => void): () => void
}

/** The device as `globalThis` shows it: in a browser its network events; elsewhere nothing, and always online. */
export const globalEnvironment: Environment = {
  isOnline: () => (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine !== false,
  subscribe(listener) {
    const target = globalThis as Partial<EventTarget>
    const onOnline = () => listener('online')
    const onOffline = () => listener('offline')
    target.addEventListener?.('online', onOnline)
    target.addEventListener?.('offline', onOffline)
    return () => {
      target.removeEventListener?.('online', onOnline)
      target.removeEventListener?.('offline', onOffline)
    }
  },
}

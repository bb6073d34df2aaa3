/** What a session hears from the device it runs on. */
export interface Environment {
  /** `false` only where the device is sure that it has no network. */
  isOnline(): boolean
  /**
   * `false` while nobody can see the page: nothing is refreshed there unless somebody asks for a token. Where there is
   * no such thing as seeing, leave it out.
   */
  isVisible?(): boolean
  /**
   * Calls back when the network comes or goes, when the page is hidden or shown, and when the program goes on after a
   * sleep. Returns a function that ends that.
   */
  subscribe(listener: (change: 'online' | 'offline' | 'hidden' | 'shown' | 'resumed') => void): () => void
}

/** What a page has of these, and what anything else may have not. */
type Surroundings = Partial<
  Pick<typeof globalThis, 'document' | 'navigator' | 'addEventListener' | 'removeEventListener'>
>

/**
 * The device as `globalThis` shows it: in a browser its network, and whether its page is hidden, frozen or put aside;
 * elsewhere nothing, always online and always seen. To be built upon where an app knows more.
 *
 * @example
 * const environment = { ...globalEnvironment, isOnline: () => !isInTunnel() && globalEnvironment.isOnline() }
 */
export const globalEnvironment: Environment = {
  isOnline: () => surroundings().navigator?.onLine !== false,
  isVisible,
  subscribe(listener) {
    const { document } = surroundings()
    const handlers: readonly (readonly [Partial<EventTarget> | undefined, string, (event: Event) => void])[] = [
      [globalThis, 'online', () => listener('online')],
      [globalThis, 'offline', () => listener('offline')],
      [document, 'visibilitychange', () => listener(isVisible() ? 'shown' : 'hidden')],
      // A frozen page goes on (https://wicg.github.io/page-lifecycle/), and one comes out of the back and forward cache.
      [document, 'resume', () => listener('resumed')],
      [globalThis, 'pageshow', (event) => (event as PageTransitionEvent).persisted && listener('resumed')],
    ]
    for (const [target, type, handler] of handlers) target?.addEventListener?.(type, handler)
    return () => {
      for (const [target, type, handler] of handlers) target?.removeEventListener?.(type, handler)
    }
  },
}

function isVisible(): boolean {
  return surroundings().document?.visibilityState !== 'hidden'
}

function surroundings(): Surroundings {
  return globalThis
}

/** What a session hears from the device it runs on. */
export interface Environment {
  /** `false` only where the device is sure that it has no network. */
  isOnline(): boolean
  /**
   * `false` while the page cannot be seen: nothing is refreshed there unless a caller asks for a token. Where there is
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
    const hear = ({ type, persisted }: Event & { persisted?: boolean }) => {
      if (type === 'visibilitychange') listener(isVisible() ? 'shown' : 'hidden')
      else if (type === 'online' || type === 'offline') listener(type)
      // A frozen page goes on (https://wicg.github.io/page-lifecycle/), or one comes out of the back and forward cache.
      else if (type === 'resume' || persisted === true) listener('resumed')
    }
    for (const [place, type] of eventsOf(document)) place?.addEventListener?.(type, hear)
    return () => {
      for (const [place, type] of eventsOf(document)) place?.removeEventListener?.(type, hear)
    }
  },
}

/** Where to listen, and for what. Listed again for each use: thousands of sessions would keep thousands of lists. */
function eventsOf(document: Surroundings['document']): readonly (readonly [Surroundings | undefined, string])[] {
  return [
    [globalThis, 'online'],
    [globalThis, 'offline'],
    [globalThis, 'pageshow'],
    [document, 'visibilitychange'],
    [document, 'resume'],
  ]
}

function isVisible(): boolean {
  return surroundings().document?.visibilityState !== 'hidden'
}

function surroundings(): Surroundings {
  return globalThis
}

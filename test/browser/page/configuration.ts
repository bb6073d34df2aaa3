import type { SessionOptions } from '@authchart/core'

/** How a page opens its session. */
export interface AppConfiguration {
  readonly issuer: string
  readonly clientId: string
  readonly apiOrigin: string
  readonly key?: string
  readonly options?: Pick<SessionOptions, 'refreshTiming' | 'maximumWaitMilliseconds'>
  /** How wrong the clock of the page is. */
  readonly offsetMilliseconds?: number
  /** How many times as fast as the real one the session's clock goes. */
  readonly speed?: number
  /** Whether sessions may be kept in memory. */
  readonly memory?: boolean
  /** Whether the bytes of the sealing key may be kept. */
  readonly rawKey?: boolean
  /** What the browser does with a `CryptoKey` before the app begins. */
  readonly keys?: Parameters<typeof import('./platform.ts').platform.treatKeys>[0]
  /** How many calls the browser leaves without an answer from the beginning. */
  readonly silent?: Parameters<typeof import('./platform.ts').platform.keepSilent>[0]
  /** Whether the page writes down what comes over the channel of the store: that keeps it out of the page cache. */
  readonly listens?: boolean
}

/** The part of a page's address that says so. */
export function writeConfiguration(configuration: AppConfiguration): string {
  return `?${new URLSearchParams({ app: JSON.stringify(configuration) })}`
}

export function readConfiguration(search: string): AppConfiguration {
  return JSON.parse(new URLSearchParams(search).get('app') ?? '{}') as AppConfiguration
}

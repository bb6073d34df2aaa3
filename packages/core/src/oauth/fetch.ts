/** What requests are sent with: the platform's `fetch`, or an app's own, which must neither retry nor redirect. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** The platform's `fetch`, looked up at each call, so that a program may replace it at any time. */
export const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init)

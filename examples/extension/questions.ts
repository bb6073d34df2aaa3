/** What the popup and the content script ask of the background worker. */
export type Question = 'status' | 'orders' | 'signIn' | 'signOut'

export interface Answer {
  readonly status?: string
  /** Who is signed in. */
  readonly subject?: string | undefined
  readonly orders?: string
  readonly error?: string
}

/** Built into the worker. */
export interface Configuration {
  readonly issuer: string
  readonly clientId: string
  readonly apiOrigin: string
}

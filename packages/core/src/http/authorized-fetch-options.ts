// By itself: a door's types lead to no module that shows types of XState, which do not pass the strictest settings.

/** Options of `createFetch`. */
export interface AuthorizedFetchOptions {
  /** What sends the requests. Default: what `globalThis.fetch` is when a request is made. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Whether a body inside a `Request` is cloned, so that it can be sent again after a rejection. The clone is kept in
   * memory until the response arrives. Default `false`: such a body is sent once.
   */
  readonly cloneRequestBodies?: boolean | undefined
}

/**
 * Marks the options of the requests that the library itself makes to authorization servers. An app may put an authorized
 * `fetch` in the place of the platform's: a token request must not wait there for the token that it is to bring.
 *
 * A symbol of all realms and copies, so that it is known wherever these options are copied to; fetch ignores it.
 */
export const ownRequest: unique symbol = Symbol.for('authchart.ownRequest')

/** Options of a request that may be the library's own. */
export interface MarkedInit {
  readonly [ownRequest]?: true
}

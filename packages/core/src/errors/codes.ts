/** Why a session is over. Only a new sign-in helps, except where said otherwise. */
export type EndReason =
  /** The authorization server refused the refresh token for good. */
  | 'grantRejected'
  /** The server called the request invalid; some servers say this of a dead token. */
  | 'requestRejected'
  /** The server refused the client, not the user: for the operator. `session.refresh()` tries again once that is mended. */
  | 'clientRejected'
  /** The server rotated the refresh token, its answer was lost, and it accepts the old one no longer. */
  | 'rotationLost'
  /** There is no refresh token to get another access token with. */
  | 'noRefreshToken'
  /** A refresh brought the tokens of somebody else; they were revoked and dropped. */
  | 'identityMismatch'
  /** The record is gone from the store, and nobody signed out. */
  | 'recordRemoved'
  /** The server could not be reached for longer than `giveUpAfterMilliseconds`. `session.refresh()` tries again. */
  | 'unreachable'

/** Why a token cannot be had just now. The session lives. */
export type TransientCode =
  /** The authorization server could not be reached: nothing was sent. */
  | 'network'
  /** The device says that it has no network: nothing was sent. */
  | 'offline'
  /** The caller has waited for as long as it wanted; the refresh goes on. */
  | 'timeout'
  /** The authorization server answered that it is in trouble. */
  | 'server'
  /** The authorization server answered 429. */
  | 'throttled'
  /** Something in between answered: a firewall, a proxy, a captive portal. */
  | 'blocked'
  /** The connection ended without an answer: the server may or may not have rotated the refresh token. */
  | 'unknownOutcome'
  /** Another holder has been refreshing this session for longer than a refresh can take. */
  | 'leaseTimeout'
  /** The store cannot be read or written. */
  | 'storeUnavailable'
  /** The keyring is locked. */
  | 'storeLocked'
  /** The server gave tokens that were expired on arrival or are rejected as soon as they are used. */
  | 'tokenUnusable'
  /** The authorization server refused, and not in words that say that the session is over. */
  | 'refused'

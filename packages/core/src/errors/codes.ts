/** Why a session ended. Only a new sign-in helps, except where said otherwise. */
export type EndReason =
  /** The authorization server refused the refresh token. */
  | 'grantRejected'
  /** The server called the request invalid; some servers say this of a dead token. `session.refresh()` tries again. */
  | 'requestRejected'
  /** The server refused the client, not the user: for the operator. `session.refresh()` tries again once that is mended. */
  | 'clientRejected'
  /** The server refused the refresh token after a request whose outcome is unknown: it may have replaced it then. */
  | 'rotationLost'
  /** There is no refresh token to get another access token with. */
  | 'noRefreshToken'
  /** A refresh returned the tokens of another user; they were revoked and dropped. */
  | 'identityMismatch'
  /** The record is gone from the store, without a sign-out. */
  | 'recordRemoved'
  /** The server could not be reached for longer than `giveUpAfterMilliseconds`. `session.refresh()` tries again. */
  | 'unreachable'

/** Why there is no access token now. The session goes on. */
export type TransientCode =
  /** The authorization server could not be reached: nothing was sent. */
  | 'network'
  /** The device says that it has no network: nothing was sent. */
  | 'offline'
  /** The caller has waited as long as it wanted; the refresh goes on. */
  | 'timeout'
  /** The authorization server reported an error of its own. */
  | 'server'
  /** The authorization server answered 429. */
  | 'throttled'
  /** A firewall, a proxy or a captive portal answered in its place. */
  | 'blocked'
  /** The authorization server refused, in words that do not say that the sign-in is over. */
  | 'refused'
  /** The connection ended without an answer: the server may or may not have replaced the refresh token. */
  | 'unknownOutcome'
  /** Another holder has been refreshing this session for longer than a refresh can take. */
  | 'leaseTimeout'
  /** The store cannot be read or written. */
  | 'storeUnavailable'
  /** The keyring is locked. */
  | 'storeLocked'
  /** The server issues tokens that are expired on arrival, or rejected as soon as they are used. */
  | 'tokenUnusable'

/** What each reason means, to complete a sentence. `@authchart/core/inspect` has longer explanations. */
export const reasonMeanings: Readonly<Record<EndReason, string>> = {
  grantRejected: 'the authorization server refused the refresh token',
  requestRejected: 'the authorization server called the refresh request invalid',
  clientRejected: 'the authorization server refused the client',
  rotationLost: 'the refresh token no longer works, after a refresh whose outcome is unknown',
  noRefreshToken: 'it has no refresh token',
  identityMismatch: 'a refresh returned the tokens of another user',
  recordRemoved: 'its record was removed from the store',
  unreachable: 'the authorization server could not be reached for too long',
}

/** The same of each code. */
export const codeMeanings: Readonly<Record<TransientCode, string>> = {
  network: 'the authorization server could not be reached',
  offline: 'the device has no network',
  timeout: 'the refresh takes longer than the caller waits, and goes on',
  server: 'the authorization server reported an error of its own',
  throttled: 'the authorization server wants fewer requests',
  blocked: 'a firewall or proxy answered in place of the authorization server',
  refused: 'the authorization server refused, but did not say that the sign-in is over',
  unknownOutcome: 'the connection ended before the authorization server answered',
  leaseTimeout: 'another tab or process has been refreshing the session for too long',
  storeUnavailable: 'the store cannot be read or written',
  storeLocked: 'the keyring is locked',
  tokenUnusable: 'the authorization server issues access tokens that are not accepted',
}

import type { EndReason, TransientCode } from '../errors/codes.ts'

/** What was answered when a session ended, in a sentence. */
export const endExplanations: Readonly<Record<EndReason, string>> = {
  grantRejected: 'The authorization server refused the refresh token for good.',
  requestRejected:
    'The authorization server called the refresh request invalid; some servers say this of a dead token.',
  clientRejected: 'The authorization server refused the client, not the user.',
  rotationLost:
    'The answer to an earlier refresh was lost after the server had replaced the refresh token, and the old one is refused now.',
  noRefreshToken: 'Nothing was asked of the authorization server: there is no refresh token to ask with.',
  identityMismatch:
    'The authorization server gave the tokens of another user or issuer; they were revoked and never served.',
  recordRemoved: 'The record of the session is gone from its store, and nobody had signed out.',
  unreachable: 'The authorization server could not be reached for longer than the program was told to try.',
}

/** What was answered when a refresh failed for a reason that passes, in a sentence. */
export const failureExplanations: Readonly<Record<TransientCode, string>> = {
  network: 'The authorization server could not be reached: the connection failed before anything was sent.',
  offline: 'The device says that it has no network, so nothing was sent.',
  timeout: 'The refresh takes longer than callers wait; it goes on, and is neither aborted nor sent again.',
  server: 'The authorization server answered that it is in trouble.',
  throttled: 'The authorization server answered that there were too many requests (429).',
  blocked:
    'The answer did not come from an authorization server: a firewall, a proxy or a sign-in page of the network spoke in its place.',
  unknownOutcome:
    'The connection ended without an answer that can be read: nobody knows whether the server has replaced the refresh token.',
  leaseTimeout: 'Another program or tab has been refreshing this session for longer than a refresh can take.',
  storeUnavailable: 'The store that keeps the session could not be read or written.',
  storeLocked: 'The keyring that keeps the session is locked.',
  tokenUnusable:
    'The authorization server gave tokens that were expired on arrival, or rejected as soon as they were used.',
  refused: 'The authorization server refused the refresh, in words that do not say whether the sign-in is over.',
}

/** What to do about a refresh that fails for a reason that passes, in a sentence. */
export const failureAdvice: Readonly<Record<TransientCode, string>> = {
  network: 'Check the network, DNS and certificates between here and the authorization server.',
  offline: 'Connect the device to a network; the session goes on by itself.',
  timeout:
    'Wait: what comes of it is told by itself. If it happens often, look at how fast the token endpoint answers.',
  server: 'Wait, or ask those who run the authorization server.',
  throttled: 'Wait until the next try: asking earlier is of no use, and is not done.',
  blocked: 'Sign in to the network if it wants that, or have the firewall let the token endpoint through.',
  unknownOutcome:
    'Wait: the same refresh token is tried once more, which servers with a grace period accept; else the session ends as rotationLost.',
  leaseTimeout: 'Look for a program with this session that hangs, and end it.',
  storeUnavailable: 'See whether the disk is full or the store out of reach; until it is back nobody is signed out.',
  storeLocked: 'Unlock the keyring; the session goes on by itself.',
  tokenUnusable:
    'Compare the clocks of this device and the servers, and check that the API accepts what the authorization server issues.',
  refused:
    'Read the words of the server; if they mean that the sign-in is over, or that it passes, say so with `classifyFailure` or take the preset of the provider.',
}

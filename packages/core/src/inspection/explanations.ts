import type { EndReason, TransientCode } from '../errors/codes.ts'

/** What was answered when a session ended or a refresh failed, in a sentence. */
export const answers: Readonly<Record<EndReason | TransientCode, string>> = {
  grantRejected: 'The authorization server refused the refresh token.',
  requestRejected:
    'The authorization server called the refresh request invalid; some servers say this of a dead refresh token.',
  clientRejected: 'The authorization server refused the client, not the user.',
  rotationLost:
    'The authorization server refused the refresh token after an earlier request whose outcome is unknown (a lost answer or a server error). Either it replaced the refresh token then and the new one was lost, or the grant was revoked.',
  noRefreshToken: 'Nothing was sent: there is no refresh token.',
  identityMismatch: 'The authorization server returned the tokens of another user or issuer; they were never served.',
  recordRemoved: 'The record of the session was removed from its store, without a sign-out.',
  unreachable: 'The authorization server could not be reached for longer than `giveUpAfterMilliseconds`.',
  network: 'The authorization server could not be reached: the connection failed before anything was sent.',
  offline: 'The device says that it has no network, so nothing was sent.',
  timeout: 'The refresh takes longer than callers wait. It goes on: it is neither aborted nor sent again.',
  server: 'The authorization server answered with an error of its own.',
  throttled: 'The authorization server answered that there were too many requests (429).',
  blocked:
    'The answer did not come from the authorization server: a firewall, a proxy or the sign-in page of a network answered.',
  refused: 'The authorization server refused the refresh, in words that do not say whether the sign-in is over.',
  unknownOutcome:
    'The connection ended without a readable answer: the server may or may not have replaced the refresh token.',
  leaseTimeout: 'Another program or tab has been refreshing this session for longer than a refresh can take.',
  storeUnavailable: 'The store that keeps the session could not be read or written.',
  storeLocked: 'The keyring that keeps the session is locked.',
  tokenUnusable:
    'The authorization server issued tokens that were expired on arrival, or that were rejected as soon as they were used.',
}

/** What to do about a refresh that failed, in a sentence. `adviseOnEnd` has this for an end. */
export const failureAdvice: Readonly<Record<TransientCode, string>> = {
  network: 'Check the network, DNS and certificates between this device and the authorization server.',
  offline: 'Connect the device to a network; the session then goes on by itself.',
  timeout: 'Wait for it. If this happens often, find out why the token endpoint answers slowly.',
  server: 'Wait, or ask the operator of the authorization server.',
  throttled: 'Wait for the next try; asking earlier sends nothing.',
  blocked: 'Sign in to the network if it asks for that, or let the firewall pass the token endpoint.',
  refused:
    'Read what the server says. If it means that the sign-in is over, or that this passes, say so with `classifyFailure` or use the preset of the provider.',
  unknownOutcome:
    'Wait: the same refresh token is sent once more, which servers with a grace period accept; otherwise the session ends as rotationLost.',
  leaseTimeout: 'Look for a program that has this session open and hangs, and end it.',
  storeUnavailable: 'Check whether the disk is full or the store is out of reach. The session goes on once it is back.',
  storeLocked: 'Unlock the keyring; the session then goes on by itself.',
  tokenUnusable:
    'Compare the clocks of this device and the servers, and check that the API accepts what the authorization server issues.',
}

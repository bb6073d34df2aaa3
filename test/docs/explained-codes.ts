import type { SessionNotice, SignInErrorCode, StoreErrorCode } from '@authchart/core'

/** What happened, and what to do about it. */
type Explanation = readonly [happened: string, advice: string]

/** What the docs say of a sign-in that failed. */
export const signInCodes: Readonly<Record<SignInErrorCode, Explanation>> = {
  subjectMismatch: [
    'The tokens belong to another user than the session.',
    'Sign out first, or give `replaceSubject: true`.',
  ],
  unusableTokens: ['What was given, or issued, is not a token set.', 'The message says what is missing.'],
  refused: [
    'The authorization server said no, or cannot do what was asked; `serverCode` has its word.',
    'Let the user try again if they declined; otherwise check the client’s registration.',
  ],
  callbackRejected: [
    'What came back does not belong to this sign-in: another `state` or issuer, a code that was used before, or an answer to a sign-in of another tab.',
    'Begin a new sign-in.',
  ],
  idTokenRejected: [
    'The id token is not valid: its times, audience, nonce or issuer.',
    'Compare the clocks; if the server strays from OpenID Connect, use its preset or `idTokens`.',
  ],
  expired: ['The sign-in was completed too late.', 'Begin a new one.'],
  timeout: ['The user did not complete the sign-in within the time that the app set.', 'Begin a new one.'],
  portUnavailable: [
    'The program could not listen for the browser: the port is taken.',
    'Leave `port` out, or free it.',
  ],
  unavailable: ['The authorization server could not be reached or cannot answer now.', 'Try again later.'],
}

/** What the docs say of a store that failed; the first two are explained as codes of a failure that passes. */
export const storeCodes: Readonly<Record<Exclude<StoreErrorCode, 'storeUnavailable' | 'storeLocked'>, Explanation>> = {
  recordUnreadable: [
    'What the store holds under this key is not a record that it can open: it is torn, or its key is gone.',
    'Sign in again: that replaces it. Or give the store the key that sealed it.',
  ],
  recordFromNewerVersion: [
    'A newer version of the library wrote the record; it is never written over.',
    'Update this program.',
  ],
  storeMissing: ['This machine has no such store.', 'The message names what is missing, and the alternatives.'],
}

/** What the docs say of the other errors. */
export const otherCodes: Readonly<Record<string, Explanation>> = {
  notSignedIn: ['There is no sign-in: there never was one, or the user signed out.', 'Offer a sign-in.'],
  disposed: ['The session object was closed.', 'Create a new one; the stored session is untouched.'],
  invalidOption: ['An option is missing or malformed; the message names it.', 'Correct it.'],
  refreshRejected: ['Your own refresh function said that the refresh token was refused.', 'Sign in again.'],
}

type ToldByCode = 'ended' | 'refreshFailed' | 'recordUnreadable' | 'endNotStored'

/** What the docs say of the notices; those left out are explained by their reason or code. */
export const notices: Readonly<Record<Exclude<SessionNotice['type'], ToldByCode>, Explanation>> = {
  refreshed: ['This holder got new tokens.', 'Nothing.'],
  adopted: ['Another tab or process got new tokens; they were taken.', 'Nothing.'],
  recovered: ['Refreshing works again.', 'Nothing.'],
  signedIn: ['A user signed in, here or elsewhere.', 'Nothing.'],
  signedOut: ['The user signed out, here or elsewhere.', 'Offer a sign-in.'],
  unstored: [
    'New tokens could not be stored. They are served from memory; a crash now would lose the session.',
    'Make the store writable again: is the disk full?',
  ],
  stored: ['The tokens that could not be stored are stored now.', 'Nothing.'],
  stepUpRequired: [
    'An API wants more than a fresh token: a stronger or newer sign-in, or a wider scope. `challenge` says which.',
    'Begin a sign-in that asks for it.',
  ],
  rejectedAfterRefresh: [
    'An API rejected a token right after it was refreshed. Its rejections start no refresh for a while.',
    'Compare the token’s audience, scope and issuer with what that API expects.',
  ],
  refusedWithoutReason: [
    'The token endpoint has refused five times over ten minutes, in words that we do not know. The sign-in may be over.',
    'Say what its words mean with `classifyFailure`.',
  ],
  refreshTokenMissing: [
    'The sign-in brought no refresh token, so the session ends with its access token.',
    '`advice` says it; mostly: ask for the scope `offline_access`.',
  ],
  revocationFailed: [
    'Tokens that are no longer used could not be revoked; they expire by themselves.',
    'Nothing, or revoke them at the server.',
  ],
  storeUnwatched: [
    'The store gives no hints of changes by other holders; it is looked at every few seconds instead.',
    'Nothing.',
  ],
  signInExpiring: ['The sign-in itself ends soon; a refresh does not change that.', 'Ask the user to sign in again.'],
}

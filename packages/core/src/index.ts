export type { Clock } from './clock/clock.ts'
export type { EndReason, TransientCode } from './errors/codes.ts'
export { ConfigurationError, isConfigurationError } from './errors/configuration-error.ts'
export type { Explained } from './errors/help.ts'
export { isNotSignedInError, NotSignedInError } from './errors/not-signed-in-error.ts'
export { isRefreshRejectedError, RefreshRejectedError } from './errors/refresh-rejected-error.ts'
export { isRefreshUnavailableError, RefreshUnavailableError } from './errors/refresh-unavailable-error.ts'
export { isSessionDisposedError, SessionDisposedError } from './errors/session-disposed-error.ts'
export { isSessionEndedError, SessionEndedError } from './errors/session-ended-error.ts'
export { isSessionError, SessionError } from './errors/session-error.ts'
export { isSignInError, SignInError, type SignInErrorCode } from './errors/sign-in-error.ts'
export { isStoreError, StoreError, type StoreErrorCode } from './errors/store-error.ts'
export type { RefreshDecisionEntry, SessionDebugEntry } from './refresh/holder.ts'
export { createSession } from './session/create-session.ts'
export { type Environment, globalEnvironment } from './session/environment.ts'
export type {
  GetAccessTokenOptions,
  IdTokenClaims,
  Session,
  SessionActorHandle,
  SignedOut,
  SignInOptions,
  SignOutOptions,
} from './session/session.ts'
export type { EndedNotice, SessionNotice } from './session/session-notice.ts'
export type { HttpOptions, RuntimeOptions, SessionOptions } from './session/session-options.ts'
export type { SessionSnapshot, SessionStatus } from './session/session-snapshot.ts'
export { memoryStore } from './store/memory-store.ts'
export type { SessionStore } from './store/session-store.ts'
export type { AccessToken } from './token/access-token.ts'
export type { ClassifyFailure, FailureOverride, TokenEndpointFailureFacts } from './token/failure-facts.ts'
export type {
  Grant,
  GrantDebugEntry,
  GrantIdentity,
  GrantOutcome,
  GrantRequest,
  IdTokenVerdict,
  RefreshFunction,
  TokenEndpointAnswer,
  TokenEndpointFailure,
} from './token/grant.ts'
export type { ProofKey, ProofMaker, ProofRequest } from './token/proof.ts'
export type { RequestOutcome } from './token/request-outcome.ts'
export type { SignInTokens, TokenSet, TokenSetInput } from './token/token-set.ts'

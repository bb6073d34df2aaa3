export { type Api, type ApiOptions, startApi } from './api.ts'
export { apiAnswers } from './api-answers.ts'
export type { ApiFaultOptions, ApiFaults } from './api-faults.ts'
export type { ApiCounts, ApiRequestListener, ApiRequestRecord } from './api-journal.ts'
export type { EchoedRequest } from './api-listener.ts'
export {
  type AccessTokenFacts,
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from './authorization-server.ts'
export { type Browser, createBrowser } from './browser.ts'
export type { Lifetimes } from './create-provider.ts'
export { createProofKey, proveByHand } from './dpop-by-hand.ts'
export type { Fault } from './fault-queue.ts'
export type { Gate } from './gate.ts'
export { type HttpAnswer, jsonAnswer } from './http-answer.ts'
export type { ProofDemands, ProofVerdict } from './proof-checks.ts'
export type { Presentation, RefreshTokenUse } from './refresh-token-ledger.ts'
export type { RegisteredClient } from './registered-clients.ts'
export type { TokenResponse } from './sign-in.ts'
export { startTenants, type Tenants } from './tenants.ts'
export { oauthError, tokenAnswers, withRetryAfter } from './token-answers.ts'
export type { FaultOptions, TokenEndpointFaults, TokenResponseMembers } from './token-endpoint-faults.ts'
export type {
  TokenRequestCounts,
  TokenRequestListener,
  TokenRequestOutcome,
  TokenRequestRecord,
} from './token-request-journal.ts'
export { withMembers, withoutMembers } from './token-response-changes.ts'

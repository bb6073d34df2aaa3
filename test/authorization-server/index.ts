export {
  type AccessTokenFacts,
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type RegisteredClient,
  startAuthorizationServer,
} from './authorization-server.ts'
export type { Fault } from './fault-queue.ts'
export type { Gate } from './gate.ts'
export type { HttpAnswer } from './http-answer.ts'
export type { Presentation, RefreshTokenUse } from './refresh-token-ledger.ts'
export type { TokenResponse } from './sign-in.ts'
export type { TokenEndpointFaults } from './token-endpoint-faults.ts'
export type {
  TokenRequestCounts,
  TokenRequestListener,
  TokenRequestOutcome,
  TokenRequestRecord,
} from './token-request-journal.ts'

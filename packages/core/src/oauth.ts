export type { AuthorizationTransaction } from './oauth/authorization-transaction.ts'
export { type AuthorizationOptions, type BegunAuthorization, beginAuthorization } from './oauth/begin-authorization.ts'
export {
  beginDeviceAuthorization,
  type DeviceAuthorization,
  type DeviceAuthorizationOptions,
} from './oauth/begin-device-authorization.ts'
export { type ClientAuthentication, clientSecretBasic, clientSecretPost } from './oauth/client-authentication.ts'
export { type ClientCredentialsGrantOptions, clientCredentialsGrant } from './oauth/client-credentials-grant.ts'
export { type CompletionOptions, completeAuthorization } from './oauth/complete-authorization.ts'
export { type DpopOptions, dpop } from './oauth/dpop.ts'
export { type EndSessionOptions, endSessionUrl } from './oauth/end-session-url.ts'
export type { Fetch } from './oauth/http.ts'
export type { AuthorizationServerMetadata } from './oauth/metadata.ts'
export { type PrivateKeyJwtOptions, privateKeyJwt } from './oauth/private-key-jwt.ts'
export { type RefreshTokenGrantOptions, refreshTokenGrant } from './oauth/refresh-token-grant.ts'
export { type ClientRegistration, type ClientRegistrationOptions, registerClient } from './oauth/register-client.ts'
export { type AuthorizationServerOptions, authorizationServer, type IdTokenOptions } from './oauth/server.ts'
export type { Grant, GrantIdentity } from './token/grant.ts'
export type { ProofKey, ProofMaker, ProofRequest, ProvenRequest } from './token/proof.ts'
export type { SignInTokens } from './token/token-set.ts'

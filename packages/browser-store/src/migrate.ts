/**
 * Keeps users signed in while an app moves here from another library: what that library has stored is taken over once.
 *
 * @module
 */
export { type Auth0Place, takeOverAuth0 } from './migrate/auth0.ts'
export { type OidcClientPlace, takeOverOidcClient } from './migrate/oidc-client.ts'
export { type StoredSignIn, takeOver } from './migrate/take-over.ts'

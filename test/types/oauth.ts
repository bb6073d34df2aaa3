import { createSession, type Grant, memoryStore } from '@authchart/core'
import {
  type AuthorizationTransaction,
  beginAuthorization,
  clientSecretPost,
  completeAuthorization,
  dpop,
  endSessionUrl,
  type ProofKey,
  type ProofMaker,
  refreshTokenGrant,
  type SignInTokens,
} from '@authchart/core/oauth'
import { expectType } from './expect-type.ts'

const grant = refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli', scope: 'openid' })
// The same type by two doors.
expectType<Grant>()(grant)(true)
createSession({ key: 'acme:alice', store: memoryStore(), grant })

refreshTokenGrant({
  clientId: 'acme-cli',
  clientAuthentication: clientSecretPost('secret'),
  metadata: { issuer: 'https://login.acme.example', token_endpoint: 'https://login.acme.example/token' },
})
refreshTokenGrant({
  issuer: 'https://login.acme.example',
  clientId: 'acme-cli',
  clientAuthentication: async ({ body, headers }) => {
    expectType<URLSearchParams>()(body)(true)
    expectType<Headers>()(headers)(true)
  },
})
expectType<ProofMaker>()(dpop({ extractable: true }))(true)
refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli', dpop: dpop() })
// @ts-expect-error: tokens are not bound by a wish
refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli', dpop: true })
const jwk: ProofKey = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }
export const signedIn = createSession({ key: 'acme:alice', store: memoryStore(), grant }).signIn({
  accessToken: 'access token',
  tokenType: 'DPoP',
  proofKey: jwk,
})
// @ts-expect-error: no grant without a client
refreshTokenGrant({ issuer: 'https://login.acme.example' })
// @ts-expect-error: the wire's names are not ours
refreshTokenGrant({ issuer: 'https://login.acme.example', client_id: 'acme-cli' })

export async function signIn(): Promise<void> {
  const server = { issuer: 'https://login.acme.example', clientId: 'acme-cli' }
  const redirectUri = 'https://acme.example/callback'
  const { url, transaction } = await beginAuthorization({ ...server, redirectUri, scope: 'openid' })
  expectType<string>()(url)(true)
  expectType<AuthorizationTransaction>()(transaction)(true)
  const tokens = await completeAuthorization(transaction, url, { ...server, signal: AbortSignal.timeout(1000) })
  expectType<SignInTokens>()(tokens)(true)
  // @ts-expect-error: the browser has to come back somewhere
  await beginAuthorization(server)
  const session = createSession({ key: 'acme:alice', store: memoryStore(), grant })
  await session.checkStore()
  await session.signIn(tokens)
  expectType<string | undefined>()(session.claims?.sub)(true)
  expectType<unknown>()(session.claims?.['https://acme.example/role'])(true)
  // @ts-expect-error: what is handed out is read only
  session.claims = {}
  const { idToken } = await session.signOut({ returnIdToken: true })
  expectType<string>()(await endSessionUrl({ ...server, idTokenHint: idToken }))(true)
}

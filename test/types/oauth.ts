import { createMemoryStore, createSession, type Grant } from '@authchart/core'
import { clientSecretPost, dpop, type ProofKey, type ProofMaker, refreshTokenGrant } from '@authchart/core/oauth'
import { expectType } from './expect-type.ts'

const grant = refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli', scope: 'openid' })
// The same type by two doors.
expectType<Grant>()(grant)(true)
createSession({ key: 'acme:alice', store: createMemoryStore(), grant })

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
export const signedIn = createSession({ key: 'acme:alice', store: createMemoryStore(), grant }).signIn({
  accessToken: 'access token',
  tokenType: 'DPoP',
  proofKey: jwk,
})
// @ts-expect-error: no grant without a client
refreshTokenGrant({ issuer: 'https://login.acme.example' })
// @ts-expect-error: the wire's names are not ours
refreshTokenGrant({ issuer: 'https://login.acme.example', client_id: 'acme-cli' })

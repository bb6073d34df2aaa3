import { refreshTokenGrant } from '@authchart/core/oauth'
import type { AuthorizationServer } from '../authorization-server/index.ts'

/** A grant of the public client, and each token that it has sent to the revocation endpoint so far. */
export function createRecordingGrant(server: AuthorizationServer) {
  const revoked: string[] = []
  const grant = refreshTokenGrant({
    issuer: server.issuer,
    clientId: server.publicClient.id,
    fetch(url, init) {
      const token = new URLSearchParams(String(init.body)).get('token')
      if (url === server.revocationEndpoint && token !== null) revoked.push(token)
      return fetch(url, init)
    },
  })
  return { grant, revoked }
}

import type { ProofMaker } from '../token/proof.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import type { ClientAuthentication } from './client-authentication.ts'
import type { Discovery } from './discover-metadata.ts'
import type { Fetch } from './fetch.ts'
import { forgetMetadata, getMetadata } from './metadata-cache.ts'

/** An authorization server and the client that talks to it: what every request to it needs. */
export interface AuthorizationServer {
  readonly issuer: URL
  /** The issuer as the app wrote it. */
  readonly issuerIdentifier: string
  /** Given by the app; otherwise it is discovered. */
  readonly metadata?: AuthorizationServerMetadata
  readonly clientId: string
  readonly clientAuthentication: ClientAuthentication
  readonly fetch: Fetch
  /** Binds tokens to a key. */
  readonly dpop?: ProofMaker
}

/** The server's metadata: given, known or discovered now. Never throws. */
export async function findMetadata(server: AuthorizationServer, signal: AbortSignal): Promise<Discovery> {
  if (server.metadata !== undefined) return { kind: 'found', metadata: server.metadata }
  return getMetadata(server.issuer, { fetch: server.fetch, signal })
}

/** A status that says the endpoint is not where the metadata said: the metadata is discovered again next time. */
export function noteEndpointStatus(server: AuthorizationServer, status: number): void {
  if (status === 404 || status === 410) forgetMetadata(server.issuer)
}

import { type AuthorizationServer, findMetadata } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { unavailable } from './sign-in-failure.ts'
import { requestSignal } from './sign-in-signal.ts'

/**
 * The server's metadata, for a sign-in.
 *
 * @throws SignInError `unavailable`, or the signal's reason
 */
export async function findSignInMetadata(
  server: AuthorizationServer,
  signal: AbortSignal | undefined,
): Promise<AuthorizationServerMetadata> {
  const discovery = await findMetadata(server, requestSignal(signal))
  if (discovery.kind === 'found') return discovery.metadata
  signal?.throwIfAborted()
  throw unavailable(discovery.code)
}

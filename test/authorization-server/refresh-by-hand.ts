import type { AuthorizationServer } from './authorization-server.ts'
import type { TokenResponse } from './sign-in.ts'

/** One refresh with the public client and nothing around it, for the tests of the server itself. */
export function refresh(
  server: Pick<AuthorizationServer, 'tokenEndpoint' | 'publicClient'>,
  refreshToken: string,
): Promise<Response> {
  return fetch(server.tokenEndpoint, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: server.publicClient.id,
    }),
  })
}

/** The same, for its tokens. */
export async function refreshForTokens(
  server: Pick<AuthorizationServer, 'tokenEndpoint' | 'publicClient'>,
  refreshToken: string,
): Promise<TokenResponse> {
  const response = await refresh(server, refreshToken)
  if (!response.ok) throw new Error(`The refresh was refused: ${response.status}`)
  return (await response.json()) as TokenResponse
}

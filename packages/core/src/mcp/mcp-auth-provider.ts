import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Session } from '../session/session.ts'
import type { AccessToken } from '../token/access-token.ts'
import { followTokens } from './follow-tokens.ts'
import { type McpOAuthClient, mcpOAuthClient } from './mcp-oauth-client.ts'

/**
 * An `authProvider` for the transports of `@modelcontextprotocol/client` 2, whose `AuthProvider` it is, and of
 * `@modelcontextprotocol/sdk` 1, whose `OAuthClientProvider` it is. It has no refresh token and no way to sign in.
 */
export interface McpAuthProvider extends McpOAuthClient {
  /** The session's access token, which the transport asks for before each request. */
  token(): Promise<string>
  /** Gets a newer token than the one that was rejected with 401; the transport then sends the request once more. */
  onUnauthorized(): Promise<void>
}

/**
 * Lets an MCP client's requests carry a session's access token. The session alone refreshes: the SDK never has a refresh
 * token, so it can neither spend one nor lose what a refresh brought.
 *
 * For frameworks that take an `authProvider` only. Where you make the transport yourself, `createMcpFetch` does more: the
 * SDKs do not say which request was rejected; they send bearer tokens only (a call with one that is bound to a key fails
 * with a `ConfigurationError`); and version 1 fails some calls where several of one transport are rejected together.
 *
 * A call fails with the session's own error when there is no token (`NotSignedInError`, `SessionEndedError`,
 * `RefreshUnavailableError`). 403 with `insufficient_scope` is the SDK's `InsufficientScopeError` in version 2; in version
 * 1, which takes it for a 401, it costs a refresh and is then a `StreamableHTTPError`.
 *
 * The token goes where the transport goes: `allowedOrigins` has no say here.
 *
 * @example
 * const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: mcpAuthProvider(session) })
 * await client.connect(transport)
 * @see RFC 6750, section 2.1, and the Model Context Protocol, 2026-07-28, "Authorization"
 */
export function mcpAuthProvider(session: Session): McpAuthProvider {
  const { handOut, replaceRejected } = followTokens(session)
  const token = async () => bearerOf(await handOut())
  return { token, onUnauthorized: replaceRejected, ...mcpOAuthClient({ token, replaceRejected }) }
}

function bearerOf({ type, value }: AccessToken): string {
  if (type.toLowerCase() === 'bearer') return value
  throw new ConfigurationError(
    'authProvider',
    `sends bearer tokens, and this session's are ${type} tokens: give the transport \`fetch: createMcpFetch(session)\` instead.`,
  )
}

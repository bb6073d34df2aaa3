import { ConfigurationError } from '../errors/configuration-error.ts'
import { coreOf } from '../session/live-session.ts'
import type { Session } from '../session/session.ts'
import type { AccessToken } from '../token/access-token.ts'
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
 * A call fails with the session's own error when there is no token (`NotSignedInError`, `SessionEndedError`,
 * `RefreshUnavailableError`). 403 with `insufficient_scope` is the SDK's `InsufficientScopeError` in version 2 and its
 * `StreamableHTTPError` in version 1; `createMcpFetch` does a step-up instead. Tokens that are bound to a key (DPoP) need
 * `createMcpFetch` too: with them a call fails with a `ConfigurationError`.
 *
 * The token goes where the transport goes: `allowedOrigins` has no say here.
 *
 * @example
 * const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: mcpAuthProvider(session) })
 * await client.connect(transport)
 * @see RFC 6750, section 2.1, and the Model Context Protocol, 2026-07-28, "Authorization"
 */
export function mcpAuthProvider(session: Session): McpAuthProvider {
  const { clock } = coreOf(session)
  let latest: HandedOut | undefined
  let before: HandedOut | undefined

  async function handOut(): Promise<string> {
    const token = await session.getAccessToken()
    assertBearer(token)
    const now = clock.now()
    if (latest !== undefined && token.generation === latest.generation) latest.lastAt = now
    else if (latest === undefined || token.generation > latest.generation) {
      before = latest
      latest = { generation: token.generation, firstAt: now, lastAt: now }
    }
    return token.value
  }

  async function replaceRejected(): Promise<void> {
    await session.getAccessToken({ newerThan: rejectedOf(latest, before, clock.now()) })
  }

  return { token: handOut, onUnauthorized: replaceRejected, ...mcpOAuthClient({ token: handOut, replaceRejected }) }
}

interface HandedOut {
  readonly generation: number
  /** Milliseconds since the epoch. */
  readonly firstAt: number
  lastAt: number
}

/** For so long after a newer token was first handed out, a 401 may be about the one before, in milliseconds. */
const overtakenMilliseconds = 1_000
/** If that one was handed out within so long, in milliseconds: servers reject a token at once. */
const underWayMilliseconds = 10_000

/**
 * Which token a 401 was about. The SDK does not say. Of requests that are rejected together, the answer to one may come
 * after another was sent with the next token, which must not be thrown away for it.
 */
function rejectedOf(latest: HandedOut | undefined, before: HandedOut | undefined, now: number): number | undefined {
  if (latest === undefined || before === undefined) return latest?.generation
  const isOvertaken = now - latest.firstAt < overtakenMilliseconds && now - before.lastAt < underWayMilliseconds
  return isOvertaken ? before.generation : latest.generation
}

function assertBearer({ type }: AccessToken): void {
  if (type.toLowerCase() === 'bearer') return
  throw new ConfigurationError(
    'authProvider',
    `sends bearer tokens, and this session's are ${type} tokens: give the transport \`fetch: createMcpFetch(session)\` instead.`,
  )
}

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AuthorizationServer } from '@authchart/test/authorization-server'
import { toNodeHandler } from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  getOAuthProtectedResourceMetadataUrl,
  McpServer,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokenVerifier,
  oauthMetadataResponse,
  requireBearerAuth,
} from '@modelcontextprotocol/server'

/** An MCP server on loopback whose users sign in at an authorization server. */
export interface ExampleMcpServer extends AsyncDisposable {
  /** Its address, and the resource that its tokens are for. */
  readonly url: string
}

/** What each tool takes. */
const scopeOfTool: Readonly<Record<string, string>> = { read: 'mcp:read', write: 'mcp:write' }

/** Starts it: the SDK's own server, with the tools `read` and `write`, each with a scope of its own. */
export async function startMcpServer(authorizationServer: AuthorizationServer): Promise<ExampleMcpServer> {
  let answer: (request: Request) => Promise<Response>
  const listener = createServer(toNodeHandler({ fetch: (request) => answer(request) }))
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const url = new URL(`http://127.0.0.1:${(listener.address() as AddressInfo).port}/mcp`)
  answer = await createAnswer(authorizationServer, url)
  authorizationServer.resources.set(url.href, Object.values(scopeOfTool).join(' '))
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      const closed = once(listener, 'close')
      listener.close()
      listener.closeAllConnections()
      await closed
    },
  }
}

async function createAnswer(authorizationServer: AuthorizationServer, url: URL) {
  const mcp = createMcpHandler(createTools)
  const oauthMetadata = await fetchMetadata(authorizationServer)
  const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(url)
  const verifier = createVerifier(authorizationServer)
  return async (request: Request): Promise<Response> => {
    const document = oauthMetadataResponse(request, {
      oauthMetadata,
      resourceServerUrl: url,
      scopesSupported: Object.values(scopeOfTool),
      resourceName: 'Example',
    })
    if (document !== undefined) return document
    const requiredScopes = await scopesOf(request)
    const authInfo = await requireBearerAuth({ verifier, expectedResource: url, requiredScopes, resourceMetadataUrl })(
      request,
    )
    return authInfo instanceof Response ? authInfo : mcp.fetch(request, { authInfo })
  }
}

function createTools(): McpServer {
  const server = new McpServer({ name: 'example', version: '1.0.0' })
  for (const name of Object.keys(scopeOfTool)) {
    server.registerTool(name, { description: `Says that it can ${name}.` }, () => ({
      content: [{ type: 'text', text: `can ${name}` }],
    }))
  }
  return server
}

/** What a request needs: signing in asks for the scope to read, and a call for that of its tool. */
async function scopesOf(request: Request): Promise<string[]> {
  const body = request.method === 'POST' ? ((await request.clone().json()) as ToolCall) : {}
  return [scopeOfTool[body.method === 'tools/call' ? (body.params?.name ?? '') : 'read'] ?? 'mcp:read']
}

interface ToolCall {
  readonly method?: string
  readonly params?: { readonly name?: string }
}

function createVerifier(authorizationServer: AuthorizationServer): OAuthTokenVerifier {
  return {
    async verifyAccessToken(token) {
      const facts = await authorizationServer.findAccessToken(token)
      if (facts === undefined) throw new OAuthError(OAuthErrorCode.InvalidToken, 'The token is unknown or expired.')
      return {
        token,
        clientId: facts.clientId ?? '',
        scopes: facts.scope?.split(' ') ?? [],
        expiresAt: facts.expiresAt / 1000,
        resource: facts.audience === undefined ? undefined : new URL(facts.audience),
      }
    },
  }
}

async function fetchMetadata({ issuer }: AuthorizationServer) {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`)
  return (await response.json()) as Parameters<typeof oauthMetadataResponse>[1]['oauthMetadata']
}

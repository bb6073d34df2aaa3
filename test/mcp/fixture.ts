import type { Session, SessionOptions } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import {
  Client,
  StreamableHTTPClientTransport,
  type StreamableHTTPClientTransportOptions,
} from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import {
  StreamableHTTPClientTransport as Transport1,
  type StreamableHTTPClientTransportOptions as TransportOptions1,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type ExampleMcpServer, startMcpServer } from '../../examples/mcp-client/mcp-server.ts'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../authorization-server/index.ts'
import { openSession, tokenSetOf } from '../support/signed-in-session.ts'

/** An MCP server of the SDK behind a real authorization server. */
export interface McpWorld extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly mcp: ExampleMcpServer
  /** Opens a session at it, with alice signed in for this scope (default: to read). */
  openSession(options?: Partial<SessionOptions> & { scope?: string }): Promise<Session>
}

export async function startMcpWorld(options: AuthorizationServerOptions = {}): Promise<McpWorld> {
  const server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 }, ...options })
  const mcp = await startMcpServer(server)
  const { url } = mcp
  return {
    server,
    mcp,
    async openSession({ scope = 'mcp:read', ...sessionOptions } = {}) {
      const client = { issuer: server.issuer, clientId: server.publicClient.id }
      const session = openSession(server, {
        grant: refreshTokenGrant({ ...client, resource: url }),
        allowedOrigins: [new URL(url).origin],
        ...sessionOptions,
      })
      await session.signIn(
        tokenSetOf(await server.signIn({ scope: `openid offline_access ${scope}`, resource: [url] })),
      )
      server.resetCounts()
      return session
    },
    async [Symbol.asyncDispose]() {
      await mcp[Symbol.asyncDispose]()
      await server.close()
    },
  }
}

/** An MCP client of either SDK. */
export interface McpClient extends AsyncDisposable {
  /** Calls a tool; what it says. */
  call(tool: 'read' | 'write'): Promise<string>
}

/** What both SDKs take: their types are checked here. */
type Options = Pick<StreamableHTTPClientTransportOptions & TransportOptions1, 'fetch' | 'authProvider'>

/** The SDKs, each with a client that is connected. */
export const sdks: readonly { name: string; connect(url: string, options: Options): Promise<McpClient> }[] = [
  {
    name: '@modelcontextprotocol/client 2',
    async connect(url, options) {
      const client = new Client({ name: 'test', version: '1.0.0' })
      await client.connect(new StreamableHTTPClientTransport(new URL(url), options))
      return {
        call: async (name) => textOf(await client.callTool({ name })),
        [Symbol.asyncDispose]: () => client.close(),
      }
    },
  },
  {
    name: '@modelcontextprotocol/sdk 1',
    async connect(url, options) {
      const client = new Client1({ name: 'test', version: '1.0.0' })
      await client.connect(new Transport1(new URL(url), options))
      return {
        call: async (name) => textOf(await client.callTool({ name })),
        [Symbol.asyncDispose]: () => client.close(),
      }
    },
  },
]

function textOf(result: object): string {
  return ((result as { content?: unknown }).content as { text: string }[])[0]?.text ?? ''
}

import { readFile, rename, writeFile } from 'node:fs/promises'
import { createSession, type Session } from '@authchart/core'
import { discoverMcpServer } from '@authchart/core/mcp'
import { refreshTokenGrant, registerClient } from '@authchart/core/oauth'
import type { SessionStore } from '@authchart/core/store'

/** What is found out about an MCP server once, and kept. No secret. */
export interface KnownServer {
  readonly url: string
  readonly issuer: string
  readonly clientId: string
  readonly resource: string
  readonly scope?: string
}

/** What is known of an MCP server; where nothing is, finds out how to sign in there, and registers this program. */
export async function knowServer(url: string, file: string): Promise<KnownServer> {
  const kept = await readFile(file, 'utf8').then(JSON.parse, () => undefined)
  if (kept?.url === url) return kept
  const { issuer, resource, scope } = await discoverMcpServer(url)
  const redirectUris = ['http://127.0.0.1/callback']
  const { clientId } = await registerClient({ issuer, clientName: 'Example MCP client', redirectUris })
  const known = { url, issuer, clientId, resource, scope }
  await writeFile(`${file}.new`, JSON.stringify(known))
  await rename(`${file}.new`, file)
  return known
}

/** The session of this machine's user at an MCP server, shared by all processes that open it. */
export function openSession({ url, issuer, clientId, resource }: KnownServer, store: SessionStore): Session {
  return createSession({
    key: resource,
    store,
    grant: refreshTokenGrant({ issuer, clientId, resource, dynamicallyRegistered: true }),
    allowedOrigins: [new URL(url).origin],
  })
}

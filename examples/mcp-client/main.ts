/** Calls the tools of an MCP server, whose URL is the argument: `pnpm example:mcp-client` starts one to try it at. */
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createMcpFetch } from '@authchart/core/mcp'
import { fileStore } from '@authchart/node-store/file'
import { keyringStore } from '@authchart/node-store/keyring'
import { signInByLoopback } from '@authchart/node-store/loopback'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { knowServer, openSession } from './open-session.ts'

const { MCP_CLIENT_HOME: home = join(homedir(), '.example-mcp-client'), MCP_CLIENT_KEY: key } = process.env
const [url = ''] = process.argv.slice(2)
await mkdir(home, { recursive: true, mode: 0o700 })
const directory = join(home, 'sessions')
const store =
  key === undefined
    ? keyringStore({ service: 'example-mcp-client', directory })
    : fileStore({ directory, key: Buffer.from(key, 'base64') })

const server = await knowServer(url, join(home, 'server.json'))
await using session = openSession(server, store)
const { issuer, clientId, resource, scope } = server
// Some servers give a refresh token only with `prompt: 'consent'`: the notice says so.
session.on('refreshTokenMissing', ({ advice }) => console.error(advice))
const signIn = (more = '') =>
  signInByLoopback(session, { issuer, clientId, resource, scope: `${scope} ${more}`.trim() })

if (!(await session.ready).signedIn) await signIn()

const fetch = createMcpFetch(session, { stepUp: ({ scope: more }) => signIn(more) })
const client = new Client({ name: 'example', version: '1.0.0' })
await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }))
const { tools } = await client.listTools()
for (const { name } of tools) {
  const { content } = await client.callTool({ name })
  console.log(name, JSON.stringify(content))
}
await client.close()

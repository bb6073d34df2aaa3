/** One of the processes: calls a tool again and again until its standard input ends, and prints what came of each call. */
import { writeSync } from 'node:fs'
import { isNotSignedInError, isSessionEndedError } from '@authchart/core'
import { mcpAuthProvider } from '@authchart/core/mcp'
import { fileStore } from '@authchart/node-store/file'
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { type KnownServer, openSession } from '../open-session.ts'
import { sharedFileProvider } from './shared-file-provider.ts'

export interface WorkerInput {
  /** Whose way: a session of authchart, or the SDK's own provider over a file. */
  readonly way: 'authchart' | 'sdk'
  readonly server: KnownServer
  readonly place: string
  /** In base64. */
  readonly key: string
  readonly pauseMilliseconds: number
}

const { way, server, place, key, pauseMilliseconds } = JSON.parse(process.argv[2] ?? '{}') as WorkerInput
const session =
  way === 'authchart'
    ? openSession(server, fileStore({ directory: place, key: Buffer.from(key, 'base64') }))
    : undefined
const authProvider = session ? mcpAuthProvider(session) : sharedFileProvider(place, server)

let isStopped = false
process.stdin.on('end', () => {
  isStopped = true
})
process.stdin.resume()

let client: Client | undefined
while (!isStopped) {
  try {
    client ??= await connect()
    await client.callTool({ name: 'read' })
    print('ok')
  } catch (error) {
    print(isSignedOut(error) ? 'signed out' : `failed ${error instanceof Error ? error.name : ''}`)
  }
  await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds))
}
await client?.close()
await session?.close()
process.exit()

async function connect(): Promise<Client> {
  const next = new Client({ name: 'worker', version: '1.0.0' })
  await next.connect(new StreamableHTTPClientTransport(new URL(server.url), { authProvider }))
  return next
}

function isSignedOut(error: unknown): boolean {
  return error instanceof UnauthorizedError || isSessionEndedError(error) || isNotSignedInError(error)
}

/** At once: the process may be killed right after it. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}

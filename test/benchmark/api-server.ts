import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What the server has been asked since it was last told to expire its token. */
export interface ServerCounts {
  readonly accepted: number
  readonly rejected: number
  readonly tokenRequests: number
}

/** An API and an authorization server in one, as quick as they can be, in a process of their own. */
export interface ApiServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string
  /** What the token endpoint gave out last, after which no other token is accepted. */
  signIn(): Promise<{ accessToken: string; refreshToken: string }>
  /** Rejects the current token from now on, and counts anew. */
  expireToken(): Promise<void>
  counts(): Promise<ServerCounts>
}

/**
 * Starts the server.
 *
 * In a process of its own, so that what the server does is not counted as what the client does; and not the fixture of
 * the other tests, whose own work would hide the client's.
 */
export async function startApiServer(): Promise<ApiServer> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('api-server-process.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const origin = await readOrigin(child)
  const ask = async (path: string) => (await fetch(origin + path, { method: 'POST' })).json()
  return {
    origin,
    signIn: async () => (await ask('/sign-in')) as { accessToken: string; refreshToken: string },
    expireToken: async () => void (await ask('/expire-token')),
    counts: async () => (await ask('/counts')) as ServerCounts,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

async function readOrigin(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The server has no output to read.')
  for await (const chunk of child.stdout) return String(chunk).trim()
  throw new Error('The server ended before it was listening.')
}

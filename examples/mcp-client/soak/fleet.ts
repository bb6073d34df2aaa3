import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fileStore } from '@authchart/node-store/file'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { startMcpServer } from '../mcp-server.ts'
import { openSession } from '../open-session.ts'
import { writeTokens } from './shared-file-provider.ts'
import type { WorkerInput } from './worker.ts'

/** What came of all calls of some processes that share one credential. */
export interface Figures {
  calls: number
  failures: number
  kills: number
  tokenRequests: number
  /** Refresh tokens that were sent though they were spent: the server then ends the sign-in. */
  reuse: number
  /** How often the user had to sign in again. */
  signOuts: number
}

/** Some processes that share one credential, at an authorization server and an MCP server of their own. */
export interface Fleet extends AsyncDisposable {
  readonly figures: Figures
  /** Ends a process as `kill -9` does, and starts another in its place. */
  kill(index: number): Promise<void>
  /** Lets all processes come to their end. */
  stop(): Promise<void>
}

export interface FleetOptions {
  readonly processes: number
  readonly accessTokenSeconds: number
  readonly pauseMilliseconds: number
  /** A folder for the credential. */
  readonly folder: string
  /** The key that seals it, in base64. */
  readonly key: string
}

const worker = fileURLToPath(new URL('worker.ts', import.meta.url))

/** Signs the user in, and starts the processes. */
export async function startFleet(way: WorkerInput['way'], options: FleetOptions): Promise<Fleet> {
  const { processes, accessTokenSeconds, pauseMilliseconds, folder, key } = options
  const server = await startAuthorizationServer({ lifetimes: { accessToken: accessTokenSeconds } })
  const mcp = await startMcpServer(server)
  const known = { url: mcp.url, resource: mcp.url, issuer: server.issuer, clientId: server.publicClient.id }
  const input: WorkerInput = { way, server: known, place: join(folder, way), key, pauseMilliseconds }
  const figures: Figures = { calls: 0, failures: 0, kills: 0, tokenRequests: 0, reuse: 0, signOuts: 0 }
  const quiet = createQuiet(server)
  let signedInAt = 0
  let signingIn: Promise<void> | undefined

  async function signIn(): Promise<void> {
    await signInOnce(server, input)
    signedInAt = performance.now()
    signingIn = undefined
  }

  function hear(line: string): void {
    figures.calls += 1
    if (line !== 'ok') figures.failures += 1
    // One end of a sign-in is seen by all processes, one after the other.
    if (line !== 'signed out' || signingIn !== undefined || performance.now() - signedInAt < 1_000) return
    figures.signOuts += 1
    signingIn = signIn()
  }

  await signIn()
  const start = () => startWorker(input, { hear, compileCache: join(folder, 'compiled') })
  // The first one leaves the others compiled code.
  const first = await start()
  const children = [first, ...(await Promise.all(Array.from({ length: processes - 1 }, start)))]
  return {
    get figures() {
      const { refreshes, reuseDetected } = server.counts
      return { ...figures, tokenRequests: refreshes, reuse: reuseDetected }
    },
    async kill(index) {
      // Those of the SDK may refresh all the time.
      await (way === 'sdk'
        ? Promise.race([quiet(), setTimeout(1_000)])
        : suspendBetweenRequests(children[index], input))
      await end(children[index], (child) => child.kill('SIGKILL'))
      figures.kills += 1
      children[index] = await start()
    },
    async stop() {
      await Promise.all(children.map((child) => end(child, ({ stdin }) => stdin?.end())))
      await signingIn
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => end(child, () => child.kill('SIGKILL'))))
      await mcp[Symbol.asyncDispose]()
      await server.close()
    },
  }
}

/** Starts a process, and waits for its first call. */
async function startWorker(
  input: WorkerInput,
  { hear, compileCache }: { hear: (line: string) => void; compileCache: string },
): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--conditions=@authchart/source', worker, JSON.stringify(input)], {
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    // The SDK warns of each refusal.
    stdio: ['pipe', 'pipe', input.way === 'sdk' ? 'ignore' : 'inherit'],
  })
  const lines = createInterface({ input: child.stdout }).on('line', hear)
  await once(lines, 'line')
  return child
}

async function end(child: ChildProcess | undefined, how: (child: ChildProcess) => void): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  how(child)
  await ended
}

/** Signs the user in as a browser would, and puts the tokens where the processes look for them. */
async function signInOnce(server: AuthorizationServer, { way, server: known, place, key }: WorkerInput): Promise<void> {
  const tokens = await server.signIn({ scope: 'openid offline_access mcp:read', resource: [known.resource] })
  if (way === 'sdk') return writeTokens(place, { ...tokens, issuer: known.issuer })
  await using session = openSession(known, fileStore({ directory: place, key: Buffer.from(key, 'base64') }))
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = tokens
  await session.signIn({ accessToken, refreshToken, expiresIn })
}

/**
 * Suspends a process while no token request is under way whose answer is not stored: the record would say so. A process
 * that is killed between the two takes the answer with it, and a server whose refresh tokens work once, without a grace
 * period, then ends the sign-in: no client can help that.
 */
async function suspendBetweenRequests(child: ChildProcess | undefined, { server, place, key }: WorkerInput) {
  const store = fileStore({ directory: place, key: Buffer.from(key, 'base64') })
  for (;;) {
    child?.kill('SIGSTOP')
    const record = await store.read(server.resource)
    if (record?.refreshIntent === undefined) return
    child?.kill('SIGCONT')
    await setTimeout(20)
  }
}

/** Waits until no token request is under way, and the last answer has probably been stored. */
function createQuiet(server: AuthorizationServer): () => Promise<void> {
  let endedAt = 0
  server.onTokenRequest((event) => {
    if (event === 'ended') endedAt = performance.now()
  })
  return async () => {
    while (server.counts.open > 0 || performance.now() - endedAt < 300) await setTimeout(20, undefined, { ref: false })
  }
}

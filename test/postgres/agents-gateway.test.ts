import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { schemaSql } from '@authchart/postgres-store'
import { createBrowser } from '@authchart/test/authorization-server'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { findFreePort } from '../support/postgres/free-port.ts'
import { missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import { compileCache, type Program, superviseProcess } from '../support/program.ts'

let server: PostgresServer | undefined

beforeAll(async () => {
  if (missingPostgres !== undefined) return
  server = await startPostgres()
  await server.pool.query(schemaSql())
})

afterAll(() => server?.[Symbol.asyncDispose]())

const users = ['alice', 'bob', 'carol', 'dave']
const providers = ['calendar', 'mail']
const gatewayKey = 'key-of-the-gateway'

interface Gateway extends AsyncDisposable {
  readonly program: Program
  readonly url: string
  /** What it has said on its standard error, line by line. */
  complaints(): readonly string[]
  /** Resolves once it answers. */
  answers(): Promise<void>
}

/** Starts the gateway with two processes and two providers of its own, and waits until it answers. */
async function startGateway(environment: Readonly<Record<string, string>>): Promise<Gateway> {
  const gateway = await launchGateway(environment)
  await gateway.answers()
  return gateway
}

async function launchGateway(environment: Readonly<Record<string, string>>): Promise<Gateway> {
  const path = fileURLToPath(new URL('../../examples/agents-gateway/main.ts', import.meta.url))
  const port = await findFreePort()
  const child = spawn(process.execPath, ['--conditions=@authchart/source', path], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      NODE_COMPILE_CACHE: compileCache,
      ...process.env,
      PORT: String(port),
      PROCESSES: '2',
      GATEWAY_KEY: gatewayKey,
      SESSION_KEY: randomBytes(32).toString('base64'),
      ...environment,
    },
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const program = superviseProcess(child)
  const url = `http://127.0.0.1:${port}`
  const isUp = () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    )
  return {
    program,
    url,
    complaints: () => complaints.split('\n').slice(0, -1),
    answers: () =>
      eventually(isUp, { description: 'the gateway answers', withinMilliseconds: 90_000, pauseMilliseconds: 50 }),
    async [Symbol.asyncDispose]() {
      program.signal('SIGTERM')
      await program.exited({ withinMilliseconds: 30_000 }).catch(() => program[Symbol.asyncDispose]())
    },
  }
}

/** As a user's browser does: to the provider and back. */
async function connect(url: string, user: string, provider: string): Promise<unknown> {
  // Cookies of the gateway and of the provider are one jar here, as their hosts are one.
  const response = await createBrowser().open(`${url}/connect/${provider}?user=${user}`)
  return response.json()
}

/** Longer than a caller waits for a token; a connection that a dying process was handed is never answered. */
const answerMilliseconds = 12_000

function call(url: string, user: string, provider: string): Promise<Response> {
  const signal = AbortSignal.timeout(answerMilliseconds)
  return fetch(`${url}/call/${provider}/${user}/things`, { headers: { 'x-gateway-key': gatewayKey }, signal })
}

/** Calls again and again, as an agent does: a connection that is cut is tried again. Returns what was not 200. */
async function callAndRepeat(
  url: string,
  { user, provider, isOver }: { user: string; provider: string; isOver: () => boolean },
) {
  const failures: string[] = []
  let calls = 0
  while (!isOver()) {
    const answer = await call(url, user, provider)
      .then(async (response) => `${response.status} ${(await response.text()).slice(0, 80)}`)
      .catch(() => undefined)
    if (answer !== undefined) calls += 1
    if (answer !== undefined && !answer.startsWith('200')) failures.push(answer)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { calls, failures }
}

describe('the gateway of agents', { timeout: 240_000 }, () => {
  it.for(['PGlite', 'PostgreSQL'])(
    'serves every user while its processes are killed and started anew, on %s',
    async (database, context) => {
      if (database === 'PostgreSQL' && server === undefined) context.skip(missingPostgres)
      await using gateway = await startGateway(database === 'PostgreSQL' ? { DATABASE_URL: server?.url ?? '' } : {})
      const { url } = gateway
      const grants = users.flatMap((user) => providers.map((provider) => ({ user, provider })))
      for (const { user, provider } of grants) {
        expect(await connect(url, user, provider)).toEqual({ connected: provider, user })
      }

      // Access tokens live for 5 s: each is refreshed several times meanwhile, some of it in the process that dies.
      let isOver = false
      const calling = Promise.all(grants.map((grant) => callAndRepeat(url, { ...grant, isOver: () => isOver })))
      const killed = new Set<number>()
      while (killed.size < 5) {
        await new Promise((resolve) => setTimeout(resolve, 4_000))
        const health = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) })
          .then((response) => response.json())
          .catch(() => undefined)
        const { process: pid } = (health ?? {}) as { process?: number }
        if (pid !== undefined && !killed.has(pid)) process.kill(pid, 'SIGKILL')
        if (pid !== undefined) killed.add(pid)
      }
      await new Promise((resolve) => setTimeout(resolve, 4_000))
      isOver = true
      const results = await calling
      // Without a presence, a killed process's lease has to run out first: its callers are told to come again.
      const isExpected = (failure: string) =>
        database === 'PGlite' && /^503 {"error":"(timeout|leaseTimeout)"}$/.test(failure)
      expect(results.flatMap(({ failures }) => failures).filter((failure) => !isExpected(failure))).toEqual([])
      for (const { calls } of results) expect(calls).toBeGreaterThan(20)

      const metrics = await fetch(`${url}/metrics`, { headers: { 'x-gateway-key': gatewayKey } })
      expect(metrics.headers.get('content-type')).toMatch(/^application\/openmetrics-text/)
      const text = await metrics.text()
      expect(text).toMatch(/^gateway_calls_total\{provider="mail",status="200"\} \d+$/m)
      expect(text).toMatch(/# EOF\n$/)
    },
  )

  it.for<{ name: string; environment: Readonly<Record<string, string>>; complaint: RegExp }>([
    {
      name: 'a provider',
      environment: { PROVIDERS: '[{"clientSecret":"swordfish"' },
      complaint: /PROVIDERS must be a list/,
    },
    { name: 'a key', environment: { SESSION_KEY: 'swordfish' }, complaint: /SESSION_KEY must be 32 bytes/ },
    { name: 'a port', environment: { PORT: 'swordfish' }, complaint: /PORT must be a number/ },
  ])('ends with one line that names $name that cannot be used', async ({ environment, complaint }) => {
    const PUBLIC_URL = 'https://gateway.example'
    await using gateway = await launchGateway({ PUBLIC_URL, PROVIDERS: '[]', ...environment })
    expect(await gateway.program.exited({ withinMilliseconds: 30_000 })).toBe(1)
    expect(gateway.complaints()).toEqual([expect.stringMatching(complaint)])
    expect(gateway.complaints().join()).not.toContain('swordfish')
  })

  it('says what its database lacks, and starts once that is there', async (context) => {
    if (server === undefined) return context.skip(missingPostgres)
    await server.pool.query('create database bare')
    const bare = new Pool({ connectionString: server.url.replace(/postgres$/, 'bare') })
    context.onTestFinished(() => bare.end())
    await using gateway = await launchGateway({ DATABASE_URL: server.url.replace(/postgres$/, 'bare') })
    const complaint = /^The gateway cannot start\. .*run the SQL of schemaSql\(/
    await expect.poll(() => gateway.complaints().length, { timeout: 30_000 }).toBeGreaterThan(1)
    expect(gateway.complaints().filter((line) => !complaint.test(line))).toEqual([])
    await bare.query(schemaSql())
    await gateway.answers()
  })

  it('gives nothing to those without its key, and nobody what another has connected', async () => {
    await using gateway = await startGateway({})
    const { url } = gateway
    expect((await fetch(`${url}/call/mail/alice/things`)).status).toBe(401)
    expect((await fetch(`${url}/metrics`)).status).toBe(401)
    const answer = await call(url, 'alice', 'mail')
    expect([answer.status, await answer.json()]).toEqual([403, { error: 'connectNeeded' }])
    expect((await fetch(`${url}/callback?code=x&state=y`)).status).toBe(400)
  })
})

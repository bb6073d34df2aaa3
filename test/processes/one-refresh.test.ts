import { randomBytes, randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
  tokenAnswers,
  withRetryAfter,
} from '../authorization-server/index.ts'
import { type NodeStoreInput, openNodeStore } from '../support/node-store-input.ts'
import { type Program, startProgram } from '../support/program.ts'
import type { ShareSessionInput } from '../support/programs/share-session.ts'
import { type SecretService, startSecretService } from '../support/secret-service.ts'
import { missingKeyringTools } from '../support/secret-service-tools.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

let server: AuthorizationServer
let folder: TemporaryFolder

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  folder = createTemporaryFolder()
})

afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

function fileStoreInput(): NodeStoreInput {
  return { kind: 'file', directory: join(folder.path, 'sessions'), key: randomBytes(32).toString('base64') }
}

/** Signs in, with an access token that has expired already. */
async function signInExpired(store: NodeStoreInput): Promise<void> {
  await using session = openSession(server, { store: openNodeStore(store) })
  await session.signIn({ ...tokenSetOf(await server.signIn()), expiresIn: 0 })
}

/** Starts processes that share the session, and waits until each has it open. */
async function startSharing(
  store: NodeStoreInput,
  environments: readonly Readonly<Record<string, string>>[],
  options: Partial<ShareSessionInput> = {},
): Promise<Program[]> {
  const { issuer, publicClient } = server
  const input: ShareSessionInput = { issuer, clientId: publicClient.id, key: sessionKey, store, ...options }
  const programs = environments.map((environment) => startProgram('share-session', input, { environment }))
  await Promise.all(programs.map((program) => program.printed('ready')))
  return programs
}

/** Tells all of them at once, and waits until each has answered. */
async function tellAll(programs: readonly Program[], command: string): Promise<string[]> {
  for (const program of programs) program.tell(command)
  for (const program of programs) program.tell('leave')
  await Promise.all(programs.map((program) => program.exited({ withinMilliseconds: 90_000 })))
  return programs.map((program) => program.lines.at(-1) ?? '')
}

const plain = (count: number) => Array.from({ length: count }, () => ({}))

describe('in sealed files', () => {
  it('P17 four processes at once cause one token request, and all have its token', async () => {
    const store = fileStoreInput()
    await signInExpired(store)
    server.faults.delay({ beforeMilliseconds: 150 })
    const answers = await tellAll(await startSharing(store, plain(4)), 'token')
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^generation /)
    expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
  })

  it('P17 24 processes that each force a refresh all succeed, against a server that revokes on reuse', async () => {
    const store = fileStoreInput()
    await signInExpired(store)
    const programs = await startSharing(store, plain(24), { maximumWaitMilliseconds: 60_000 })
    const answers = await tellAll(programs, 'refresh')
    expect(answers.filter((answer) => answer.startsWith('generation '))).toHaveLength(24)
    expect(server.counts).toMatchObject({ reuseDetected: 0, replays: 0, openAtOnceMaximum: 1, grantsRevoked: 0 })
    await using session = openSession(server, { store: openNodeStore(store) })
    await session.refresh()
    expect(server.refreshTokens.map(({ presentations }) => presentations.length)).not.toContain(2)
  })

  it('P38 Retry-After binds every process that shares the store, and survives a restart', async () => {
    const store = fileStoreInput()
    await signInExpired(store)
    server.faults.answerWith({ status: 503, headers: { 'retry-after': '600' }, body: '' }, { times: 5 })
    const [first, second] = await startSharing(store, plain(2))
    first?.tell('refresh')
    await first?.printed('failed server')
    second?.tell('token')
    await second?.printed('failed server')
    second?.signal('SIGKILL')
    const [restarted] = await startSharing(store, plain(1))
    expect(await tellAll(restarted === undefined ? [] : [restarted], 'refresh')).toEqual(['failed server'])
    expect(server.counts.refreshes).toBe(1)
    await first?.[Symbol.asyncDispose]()
  })
})

describe.skipIf(missingKeyringTools !== undefined)('in the keyring', () => {
  // One for all: libdbus remembers where the bus of its process is.
  let keyring: SecretService
  beforeAll(async () => {
    keyring = await startSecretService()
    Object.assign(process.env, keyring.environment)
  })
  afterAll(() => keyring[Symbol.asyncDispose]())

  it('P17 four processes at once cause one token request, the first to sign in having made the key', async () => {
    const store = { kind: 'keyring', service: 'authchart-test', directory: join(folder.path, 'sessions') } as const
    await signInExpired(store)
    server.faults.delay({ beforeMilliseconds: 150 })
    const answers = await tellAll(await startSharing(store, plain(4)), 'token')
    expect(new Set(answers).size).toBe(1)
    expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
  })

  it('P17 processes with different HOME, XDG folders and TMPDIR, but one keyring, cause one token request', async () => {
    const service = `authchart-test-${randomUUID()}`
    const store = { kind: 'keyring', service } as const
    try {
      await signInExpired(store)
      server.faults.delay({ beforeMilliseconds: 150 })
      const environments = ['one', 'two'].map((name) => ({
        HOME: join(folder.path, name),
        TMPDIR: folder.path,
        XDG_CONFIG_HOME: join(folder.path, name, 'config'),
        XDG_DATA_HOME: join(folder.path, name, 'data'),
        XDG_STATE_HOME: join(folder.path, name, 'state'),
        XDG_CACHE_HOME: join(folder.path, name, 'cache'),
        XDG_RUNTIME_DIR: join(folder.path, name, 'runtime'),
      }))
      const answers = await tellAll(await startSharing(store, environments), 'token')
      expect(new Set(answers).size).toBe(1)
      expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
    } finally {
      await rm(join(userInfo().homedir, '.local', 'share', 'authchart', service), { recursive: true, force: true })
    }
  })
})

describe('P98 a session on client credentials', () => {
  const grantType = 'client_credentials'

  function requests(): number {
    return server.requests.filter((request) => request.grantType === grantType).length
  }

  function startServices(count: number, options: Partial<ShareSessionInput> = {}): Promise<Program[]> {
    const { id: clientId, secret: clientSecret } = server.secretPostClient
    return startSharing(fileStoreInput(), plain(count), { clientId, clientSecret, ...options })
  }

  it('P98 begins once: 24 processes on an empty store make one token request', async () => {
    const answers = await tellAll(await startServices(24), 'token')
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^generation \d+$/)
    expect(requests()).toBe(1)
  })

  it('P98 a 429 before the first token binds all processes', async () => {
    server.faults.answerWith(withRetryAfter(tokenAnswers.throttled, 120), { grantType })
    const answers = await tellAll(await startServices(6), 'token')
    expect(new Set(answers)).toEqual(new Set(['failed throttled']))
    expect(requests()).toBe(1)
  })
})

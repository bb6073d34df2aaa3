import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore, type NodeStore } from '@authchart/node-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { findInTexts } from '../support/find-secrets.ts'
import { type NodeStoreInput, openNodeStore } from '../support/node-store-input.ts'
import { startProgram } from '../support/program.ts'
import type { ShareSessionInput } from '../support/programs/share-session.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

/** The timers of a session are longer or go on for ever, the end of a process is shorter, on a slow machine too. */
const atOnce = { withinMilliseconds: 8_000 }

let server: AuthorizationServer
let folder: TemporaryFolder
let directory: string
let input: NodeStoreInput
let store: NodeStore

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  folder = createTemporaryFolder()
  directory = join(folder.path, 'sessions')
  input = { kind: 'file', directory, key: randomBytes(32).toString('base64') }
  store = openNodeStore(input)
})

afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

async function signIn(expiresIn = 3600): Promise<void> {
  await using session = openSession(server, { store })
  await session.signIn({ ...tokenSetOf(await server.signIn()), expiresIn })
}

async function startHolder() {
  const { issuer, publicClient } = server
  const share: ShareSessionInput = { issuer, clientId: publicClient.id, key: sessionKey, store: input }
  const program = startProgram('share-session', share)
  await program.printed('ready')
  return program
}

describe('a process that is done', () => {
  it('exits at once though its session is open and its folder watched', async () => {
    await signIn()
    await using holder = await startHolder()
    holder.tell('token')
    holder.tell('leave')
    expect(await holder.exited(atOnce)).toBe(0)
    expect(holder.lines).toHaveLength(2)
  })

  it('exits once a refresh under way is stored', async () => {
    await signIn(0)
    const before = await store.read(sessionKey)
    const gate = server.faults.hold({ times: 1 })
    await using holder = await startHolder()
    holder.tell('begin')
    holder.tell('leave')
    await gate.arrived()
    expect(holder.exitCode).toBeUndefined()
    gate.release()
    expect(await holder.exited(atOnce)).toBe(0)
    const after = await store.read(sessionKey)
    expect(after?.generation).toBeGreaterThan(before?.generation ?? Number.NaN)
    expect(after?.refreshIntent).toBeUndefined()
  })
})

describe('a folder that cannot be written', () => {
  const breakDown = () => {
    renameSync(directory, `${directory}-away`)
    writeFileSync(directory, 'no folder')
  }
  const mend = () => {
    rmSync(directory)
    renameSync(`${directory}-away`, directory)
  }

  it('P47 after a rotation: the new token is served, the old one never sent again, and it is stored in the end', async () => {
    await signIn(0)
    await using session = openSession(server, { store })
    const notices: string[] = []
    session.on('*', ({ type }) => notices.push(type))
    const gate = server.faults.hold({ times: 1 })
    const asked = session.getAccessToken()
    await gate.arrived()
    breakDown()
    gate.release()
    const { value, generation } = await asked
    expect(await server.findAccessToken(value)).toBeDefined()
    await eventually(() => notices.includes('unstored'), { description: 'the notice' })
    mend()
    await eventually(() => notices.includes('stored'), { description: 'the store', withinMilliseconds: 20_000 })
    expect(await store.read(sessionKey)).toMatchObject({ generation, secrets: { tokenSet: { accessToken: value } } })
    await session.refresh()
    expect(server.counts).toMatchObject({ refreshes: 2, reuseDetected: 0, replays: 0 })
  })

  it('P52 is told by `check` before a user is sent to sign in', async () => {
    await signIn()
    breakDown()
    await expect(store.check(sessionKey)).rejects.toMatchObject({ name: 'StoreError' })
    mend()
    await store.check(sessionKey)
  })
})

it('P76 a process whose folder was removed notices a sign-in by another process, which makes the folder anew', async () => {
  await signIn()
  await using holder = await startHolder()
  const answersWith = (line: string) =>
    eventually(
      async () => {
        holder.tell('token')
        await new Promise((resolve) => setTimeout(resolve, 50))
        return holder.lines.includes(line)
      },
      { description: line, withinMilliseconds: 20_000 },
    )
  await answersWith(`generation ${(await store.read(sessionKey))?.generation}`)
  rmSync(directory, { recursive: true })
  await answersWith('failed sessionEnded')
  await signIn()
  await answersWith(`generation ${(await store.read(sessionKey))?.generation}`)
})

it('sign-out and sign-in do not wait for the lease of a refresh under way in another process', async () => {
  await signIn(0)
  const gate = server.faults.hold({ times: 1 })
  await using holder = await startHolder()
  holder.tell('token')
  await gate.arrived()
  await using session = openSession(server, { store })
  await session.signOut()
  expect(await store.read(sessionKey)).toMatchObject({ status: 'signedOut' })
  gate.release()
  holder.tell('leave')
  await holder.exited(atOnce)
  expect(await store.read(sessionKey)).toMatchObject({ status: 'signedOut' })
  expect(await store.read(sessionKey)).not.toHaveProperty('secrets')
})

it.each([{ online: true }, { online: false }])(
  'P53 sign-out erases the tokens from the disk, and in every process: %o',
  async ({ online }) => {
    // Unsealed, so that what is on the disk can be seen.
    const plain = fileStore({ directory, unsealed: true })
    const tokens = await server.signIn()
    const secrets = [tokens.access_token, tokens.refresh_token ?? '', tokens.id_token ?? '']
    const readDisk = () => readdirSync(directory).map((name) => readFileSync(join(directory, name), 'latin1'))
    await using session = openSession(server, { store: plain })
    await session.signIn(tokenSetOf(tokens))
    await using neighbour = openSession(server, { store: fileStore({ directory, unsealed: true }) })
    await neighbour.getAccessToken()
    expect(findInTexts(readDisk(), secrets)).toHaveLength(3)
    const notices: string[] = []
    session.on('*', ({ type }) => notices.push(type))
    if (!online) await server.goDown()
    await session.signOut()
    expect(findInTexts(readDisk(), secrets)).toEqual([])
    await expect(session.getAccessToken()).rejects.toMatchObject({ name: 'NotSignedInError' })
    await eventually(() => neighbour.getSnapshot().status === 'signedOut', { description: 'the neighbour to hear' })
    await expect(neighbour.getAccessToken()).rejects.toMatchObject({ name: 'NotSignedInError' })
    expect(notices).toEqual(online ? ['signedOut'] : ['signedOut', 'revocationFailed'])
    if (online) expect(await server.findAccessToken(tokens.access_token)).toBeUndefined()
  },
)

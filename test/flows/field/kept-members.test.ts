import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { createSession, type GrantDebugEntry, type Session } from '@authchart/core'
import { getSessionActor } from '@authchart/core/machine'
import {
  authorizationServer,
  beginAuthorization,
  completeAuthorization,
  refreshTokenGrant,
} from '@authchart/core/oauth'
import { fileStore } from '@authchart/node-store'
import {
  type AuthorizationServer,
  createBrowser,
  startAuthorizationServer,
  tokenAnswers,
} from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { findInTexts, reachableTexts } from '../../support/find-secrets.ts'
import { collectNotices } from '../../support/notices.ts'
import { createTemporaryFolder } from '../../support/temporary-folder.ts'

const key = 'acme:alice'
const sealingKey = new Uint8Array(32).fill(7)

/** What must be seen in `session.details`, and nowhere else. */
const canaries = {
  instance_url: 'https://canary-of-the-instance.example/7f3a',
  realmId: 'canary-of-the-realm-4620816365',
  moved: 'https://canary-of-the-next-instance.example/9c1b',
}

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

const options = () =>
  authorizationServer({
    issuer: server.issuer,
    clientId: server.publicClient.id,
    keepMembers: ['instance_url', 'realmId', 'never_sent'],
  })

/** Signs in by a browser, which comes back with a parameter of the server's own. */
async function signIn() {
  const { redirectUri } = server
  server.faults.alterAnswer((members) => ({ ...members, instance_url: canaries.instance_url, other: 'not kept' }), {
    grantType: 'authorization_code',
  })
  const request = { ...options(), redirectUri, scope: 'openid offline_access', prompt: 'consent' }
  const { url, transaction } = await beginAuthorization(request)
  const callback = await createBrowser().visit(url, { until: redirectUri })
  callback.searchParams.set('realmId', canaries.realmId)
  callback.searchParams.set('not_asked_for', 'not kept')
  return completeAuthorization(transaction, callback, options())
}

/** A session, and all that anybody outside could get hold of. */
function watch(directory: string) {
  const shown: unknown[] = []
  const entries: unknown[] = []
  const session = createSession({
    key,
    store: fileStore({ directory, key: sealingKey }),
    grant: refreshTokenGrant(options()),
    debug: (entry: GrantDebugEntry | object) => void entries.push(entry),
  })
  session.subscribe((snapshot) => shown.push(snapshot))
  const actor = getSessionActor(session)
  actor.system.inspect((event) => void shown.push(event))
  actor.subscribe(() => shown.push(actor.getPersistedSnapshot()))
  return { session, entries, shown, notices: collectNotices(session) }
}

async function expectSealed(directory: string, { session, entries, shown, notices }: ReturnType<typeof watch>) {
  const names = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((each) => each.isFile())
  expect(names.length).toBeGreaterThan(0)
  const files = await Promise.all(names.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')))
  const store = fileStore({ directory, key: sealingKey })
  const printed = inspect([session, getSessionActor(session)], { depth: 6, showHidden: true })
  const texts = [...files, printed, ...reachableTexts([entries, shown, notices, await store.list()])]
  expect(findInTexts(texts, Object.values(canaries))).toEqual([])
}

/** What is refused, so that errors are looked through as well. */
async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )
}

test('P90 members of the answer and parameters of the callback are kept through refreshes and restarts, and shown nowhere', async () => {
  await using folder = createTemporaryFolder()
  const tokens = await signIn()
  const details = { instance_url: canaries.instance_url, realmId: canaries.realmId }
  {
    const watched = watch(folder.path)
    await using session: Session = watched.session
    await session.signIn(tokens)
    expect(session.details).toEqual(details)
    for (let times = 0; times < 3; times += 1) await session.refresh()
    expect(session.details).toEqual(details)
    await expectSealed(folder.path, watched)
  }
  const watched = watch(folder.path)
  await using session = watched.session
  await session.ready
  expect(session.details).toEqual(details)
  // A later answer counts more than an earlier one, and says nothing of the rest.
  server.faults.alterAnswer((members) => ({ ...members, instance_url: canaries.moved }))
  await session.refresh()
  expect(session.details).toEqual({ ...details, instance_url: canaries.moved })
  await expectSealed(folder.path, watched)

  // An answer that fails may quote what was kept: with the members of an earlier answer, and with this one's own.
  const quoted = { error: 'invalid_grant', instance_url: canaries.moved, realmId: canaries.realmId }
  server.faults.answerWith({ ...tokenAnswers.invalidGrant, body: JSON.stringify(quoted) })
  const error = await errorOf(session.refresh())
  expect(findInTexts(reachableTexts(error), Object.values(canaries))).toEqual([])
  await expectSealed(folder.path, watched)
})

test('P90 are seen by other holders, and gone after a sign-out', async () => {
  await using folder = createTemporaryFolder()
  const watched = watch(folder.path)
  await using session = watched.session
  await using other = watch(folder.path).session
  await other.ready
  await session.signIn(await signIn())
  await eventually(() => other.details !== undefined, { description: 'the sign-in to be seen' })
  expect(other.details).toEqual(session.details)
  expect(other.details).toMatchObject({ realmId: canaries.realmId })
  await session.signOut()
  expect(session.details).toBeUndefined()
  await eventually(() => other.details === undefined, { description: 'the sign-out to be seen' })
  const record = await fileStore({ directory: folder.path, key: sealingKey }).read(key)
  expect(record?.secrets).toBeUndefined()
})

test('P90 cannot be changed by those who read them', async () => {
  await using folder = createTemporaryFolder()
  await using session = watch(folder.path).session
  const tokens = await signIn()
  await session.signIn({ ...tokens, details: { ...tokens.details, team: { id: 'T1' } } })
  const { details } = session
  expect(() => Object.assign(details ?? {}, { instance_url: 'https://evil.example' })).toThrow(TypeError)
  expect(() => Object.assign((details?.team as object) ?? {}, { id: 'T2' })).toThrow(TypeError)
  await session.refresh()
  expect(session.details).toEqual({ ...tokens.details, team: { id: 'T1' } })
})

test('P90 of a sign-in anew, nothing of the one before is carried over', async () => {
  await using folder = createTemporaryFolder()
  await using session = watch(folder.path).session
  await session.signIn(await signIn())
  const { details: _details, ...without } = await signIn()
  await session.signIn(without)
  expect(session.details).toBeUndefined()
})

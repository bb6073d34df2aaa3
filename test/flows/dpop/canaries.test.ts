import { inspect } from 'node:util'
import { memoryStore, type SessionDebugEntry } from '@authchart/core'
import { createKyHooks } from '@authchart/core/ky'
import { getSessionActor } from '@authchart/core/machine'
import { dpop, refreshTokenGrant } from '@authchart/core/oauth'
import { apiAnswers, jsonAnswer, oauthError } from '@authchart/test/authorization-server'
import ky from 'ky'
import { expect, test } from 'vitest'
import { findInTexts, findSecrets, reachableTexts } from '../../support/find-secrets.ts'
import { readRecord, secretsOf } from '../../support/stored-session.ts'
import { startFixture } from './fixture.ts'

test('P54 P55 the key and the proofs are nowhere: not in snapshots, notices, errors, debug entries or inspection', async () => {
  const store = memoryStore()
  const entries: SessionDebugEntry[] = []
  const sent = new Set<string>()
  const noteProof = (init: RequestInit | undefined) => {
    const proof = new Headers(init?.headers).get('dpop')
    if (proof !== null) sent.add(proof)
  }
  await using fixture = await startFixture({ store, debug: (entry) => entries.push(entry) })
  const { server, api, proofKey } = fixture
  const proofs = dpop()
  const grant = refreshTokenGrant({
    issuer: server.issuer,
    clientId: server.boundClient.id,
    dpop: proofs,
    fetch(url, init) {
      noteProof(init as RequestInit)
      return fetch(url, init as RequestInit)
    },
  })
  const session = fixture.open({ grant })
  const actor = getSessionActor(session)
  const seen: unknown[] = []
  const inspected: unknown[] = []
  const errors: unknown[] = []
  session.subscribe((snapshot) => seen.push(snapshot))
  session.on('*', (notice) => seen.push(notice))
  actor.system.inspect((event) => void inspected.push(event))
  actor.subscribe(() => seen.push(actor.getPersistedSnapshot()))
  const client = ky.extend({
    hooks: createKyHooks(session),
    retry: 0,
    fetch(input, init) {
      noteProof(init)
      return fetch(input, init)
    },
  })
  const attempt = (work: Promise<unknown>) => work.catch((error: unknown) => errors.push(error))

  server.dpop.requiresNonce = true
  api.dpop.requiresNonce = true
  await session.refresh()
  await client.post(`${api.origin}/orders`, { json: { amount: 12 } })
  api.faults.revokePresentedToken()
  await client.get(`${api.origin}/orders`)
  api.faults.answerWith(apiAnswers.forbidden)
  await attempt(client.get(`${api.origin}/orders`))
  api.faults.redirectToOtherOrigin()
  await attempt(client.get(`${api.origin}/orders`))
  api.faults.destroyConnection()
  await attempt(client.get(`${api.origin}/orders`))
  const quoted = [...sent].join(' and ')
  server.faults.answerWith(oauthError('temporarily_unavailable', { description: quoted, headers: { 'x-dpop': 'no' } }))
  await attempt(session.refresh())
  await attempt(session.signIn({ accessToken: 'access-token-0123', tokenType: 'DPoP' }))
  await attempt(session.signIn({ accessToken: 'access-token-0123', proofKey: { ...proofKey, crv: 'P-1' } }))
  const token = await session.getAccessToken()
  const made = await token.createProof?.({ method: 'GET', url: api.origin })
  if (made !== undefined) sent.add(made)

  const canaries = [
    proofKey.d ?? '',
    ...[...sent].map((proof) => proof.split('.')[2] ?? ''),
    ...secretsOf(await readRecord(store)),
  ]
  expect(sent.size).toBeGreaterThan(8)
  expect(errors.length).toBeGreaterThan(4)
  expect(findSecrets(await readRecord(store), canaries).length).toBeGreaterThan(2)
  for (const data of [seen, errors, entries, fixture.notices, { ...token }, session.getSnapshot()]) {
    expect(findSecrets(data, canaries)).toEqual([])
  }
  for (const machinery of [session, actor, proofs, grant, token]) {
    expect(findInTexts([inspect(machinery, { showHidden: true, depth: 3, maxStringLength: null })], canaries)).toEqual(
      [],
    )
  }
  expect(findInTexts(reachableTexts(inspected), canaries)).toEqual([])
})

test('P54 the debug output says that a proof went with a token request, and not what a server says back of it', async () => {
  const entries: SessionDebugEntry[] = []
  await using fixture = await startFixture({ debug: (entry) => entries.push(entry) })
  const { server, session } = fixture
  server.faults.answerWith(
    jsonAnswer(400, { error: 'temporarily_unavailable' }, { dpop: 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln' }),
  )
  await session.refresh().catch(() => {})
  expect(entries).toContainEqual(expect.objectContaining({ type: 'tokenRequest', withProof: true }))
  expect(entries).toContainEqual(
    expect.objectContaining({ type: 'tokenResponse', headers: expect.objectContaining({ dpop: '[redacted]' }) }),
  )
})

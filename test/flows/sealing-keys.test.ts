import { randomBytes } from 'node:crypto'
import { createSession } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { startTokenEndpoint } from '@authchart/core/testing'
import { fileStore } from '@authchart/node-store/file'
import { expect, test } from 'vitest'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

test('a sealing key is changed without a sign-in: processes that know both go on, and the old one can be left out', async () => {
  await using folder = createTemporaryFolder()
  await using endpoint = await startTokenEndpoint()
  const [before, after] = [randomBytes(32), randomBytes(32)]
  const grant = refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'app' })
  const open = (...keys: Uint8Array[]) =>
    createSession({ key: 'acme:alice', store: fileStore({ directory: `${folder.path}/sessions`, keys }), grant })

  await using first = open(before)
  await first.signIn(endpoint.signIn())
  // The new one is there to open first, everywhere: this process does not restart with the next one.
  await using second = open(before, after)
  await second.refresh()
  await using third = open(after, before)
  const { generation } = await third.refresh()
  expect(await second.getAccessToken({ newerThan: generation - 1 })).toMatchObject({ generation })
  await second.refresh()
  await third.refresh()
  await using last = open(after)
  expect((await last.ready).signedIn).toBe(true)
  await last.refresh()
  expect(endpoint.counts).toMatchObject({ refused: 0, reused: 0 })
  // Who was never given the new one cannot read what it sealed.
  await using late = open(before)
  await expect(late.ready).rejects.toMatchObject({ code: 'recordUnreadable' })
})

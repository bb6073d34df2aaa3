import { createSession, memoryStore } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { expect, it } from 'vitest'
import { beginRedirect, completeRedirect } from '../redirect.ts'

const server = { issuer: 'https://login.example', clientId: 'acme-web' }

function openSession() {
  return createSession({ key: 'acme', store: memoryStore(), grant: refreshTokenGrant(server) })
}

it('R6 completes nothing where there is no page', async () => {
  await using session = openSession()
  expect(await completeRedirect(session, server)).toBeUndefined()
})

it('R6 begins nothing where there is no page, and says so', async () => {
  await using session = openSession()
  await expect(beginRedirect(session, server)).rejects.toMatchObject({ name: 'StoreError', code: 'storeMissing' })
})

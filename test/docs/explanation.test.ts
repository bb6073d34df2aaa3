import { readFileSync } from 'node:fs'
import { createSession, memoryStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { explainRecording, recordSession } from '@authchart/core/inspect'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock, createTokenEndpoint } from '@authchart/core/testing'
import { expect, test } from 'vitest'

test('D9 the explanation in the README is what is said', async () => {
  const api = 'https://api.acme.example'
  const endpoint = createTokenEndpoint({ issuer: 'https://login.acme.example' })
  const fetch: typeof globalThis.fetch = async (...parameters) => {
    const request = new Request(...parameters)
    if (!request.url.startsWith(api)) return endpoint.answer(request)
    return endpoint.rejection(request) ?? new Response()
  }
  const clock = createSimulatedClock({ now: Date.UTC(2026, 2, 1, 9, 30, 12) })
  await using session = createSession({
    key: 'acme',
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'acme', fetch }),
    allowedOrigins: [api],
    signInHint: 'run `acme login`',
    runtime: { clock },
  })
  const recorder = recordSession(session)
  await session.signIn(endpoint.signIn())
  endpoint.revoke()
  endpoint.revokeAccessTokens()
  expect((await createFetch(session, { fetch })(`${api}/orders`)).status).toBe(401)
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  expect(readme).toContain(`\`\`\`\n${explainRecording(recorder.getRecording()).text}\n\`\`\``)
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPackedConsumer, type PackedConsumer } from './packed-consumer.ts'

let consumer: PackedConsumer
beforeAll(() => {
  consumer = createPackedConsumer()
})
afterAll(() => consumer[Symbol.asyncDispose]())

test('the packed doors fit each other: a session of one is a session to the others', () => {
  const printed = consumer.run(`
    import { memoryStore, createSession, isNotSignedInError } from '@authchart/core'
    import { createFetch } from '@authchart/core/fetch'
    import { createKyHooks } from '@authchart/core/ky'
    import { explainRecording, recordSession } from '@authchart/core/inspect'
    import { getSessionActor } from '@authchart/core/machine'
    import { refreshTokenGrant } from '@authchart/core/oauth'
    import { parseSessionRecord } from '@authchart/core/store'
    import { createSimulatedClock } from '@authchart/core/testing'

    const session = createSession({
      key: 'acme:alice',
      store: memoryStore(),
      grant: refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli' }),
      allowedOrigins: ['https://api.acme.example'],
      runtime: { clock: createSimulatedClock() },
    })
    const error = await createFetch(session)('https://api.acme.example').catch((error) => error)
    console.log(isNotSignedInError(error), createKyHooks(session).init.length)
    console.log(getSessionActor(session).getSnapshot().value, parseSessionRecord(undefined).kind)
    console.log(explainRecording(recordSession(session).getRecording()).verdict)
    await session[Symbol.asyncDispose]()
  `)
  expect(printed).toBe('true 1\nsignedOut malformed\nsignedOut')
})

test('importing the index door loads neither fetch nor what it is made of', () => {
  // Touching `Request` or `fetch` costs a program that does nothing with them some 50 ms.
  const printed = consumer.run(`
    import '@authchart/core'
    console.log(process.moduleLoadList.filter((name) => name.includes('undici')).join())
  `)
  expect(printed).toBe('')
})

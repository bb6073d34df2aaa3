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
    import { createMcpFetch, mcpAuthProvider } from '@authchart/core/mcp'
    import { refreshTokenGrant } from '@authchart/core/oauth'
    import { parseSessionRecord } from '@authchart/core/store'
    import { useSession } from '@authchart/core/react'
    import { createFakeSession, createSimulatedClock } from '@authchart/core/testing'

    const session = createSession({
      key: 'acme:alice',
      store: memoryStore(),
      grant: refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli' }),
      allowedOrigins: ['https://api.acme.example'],
      runtime: { clock: createSimulatedClock() },
    })
    const error = await createFetch(session)('https://api.acme.example').catch((error) => error)
    console.log(isNotSignedInError(error), createKyHooks(session).init.length)
    const tokenless = [createMcpFetch(session)('https://api.acme.example'), mcpAuthProvider(session).token()]
    console.log((await Promise.allSettled(tokenless)).every(({ reason }) => isNotSignedInError(reason)))
    console.log(getSessionActor(session).getSnapshot().value, parseSessionRecord(undefined).kind)
    console.log(explainRecording(recordSession(session).getRecording()).verdict)
    await session[Symbol.asyncDispose]()
    const fake = await createFakeSession({ allowedOrigins: ['https://api.acme.example'] })
    console.log((await fake.end('grantRejected')).reason, useSession.length, createKyHooks(fake).init.length)
    await fake.close()
  `)
  expect(printed).toBe('true 1\ntrue\nsignedOut malformed\nsignedOut\ngrantRejected 1 1')
})

test('a CommonJS program in Node loads every door by `require`', () => {
  const printed = consumer.run(`
    import { createRequire } from 'node:module'
    const require = createRequire(import.meta.url)
    for (const name of ['core', 'node-store', 'postgres-store']) {
      const { exports } = require('@authchart/' + name + '/package.json')
      for (const door of Object.keys(exports).filter((each) => each !== './package.json')) {
        const path = '@authchart/' + name + door.slice(1)
        if (Object.keys(require(path)).length === 0) console.log(path)
      }
    }
  `)
  expect(printed).toBe('')
})

test("the machine, and a session's actor, work with the XState that a Node program imports itself", () => {
  const printed = consumer.run(`
    import { createSession, memoryStore } from '@authchart/core'
    import { getSessionActor, sessionMachine } from '@authchart/core/machine'
    import { createActor, setup, waitFor } from 'xstate'

    const input = { key: 'acme:alice', refreshTiming: 'onUse', online: true }
    const alone = createActor(sessionMachine, { input }).start()
    alone.send({ type: 'record.absent', now: 0 })
    const parent = setup({ actors: { session: sessionMachine } }).createMachine({
      invoke: { src: 'session', id: 'session', input },
    })
    const child = createActor(parent).start().getSnapshot().children.session
    child.send({ type: 'record.absent', now: 0 })
    console.log(alone.getSnapshot().value, child.getSnapshot().value)

    const session = createSession({ key: 'acme:alice', store: memoryStore(), grant: () => {} })
    console.log((await waitFor(getSessionActor(session), ({ value }) => value === 'signedOut')).value)
    await session.close()
  `)
  expect(printed).toBe('signedOut signedOut\nsignedOut')
})

test('importing the index door loads neither fetch nor what it is made of', () => {
  // Touching `Request` or `fetch` costs a program that does nothing with them some 50 ms.
  const printed = consumer.run(`
    import '@authchart/core'
    console.log(process.moduleLoadList.filter((name) => name.includes('undici')).join())
  `)
  expect(printed).toBe('')
})

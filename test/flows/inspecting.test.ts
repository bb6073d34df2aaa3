import { describeChart, inspectSession, recordSession, sessionInspectorOptions } from '@authchart/core/inspect'
import { sessionMachine } from '@authchart/core/machine'
import { activePaths, findStates, flatten } from '@authchart/example-inspector/drawing'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import { createInspector, createWebSocketInspector, type StatelyInspectionEvent } from '@statelyai/inspect'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { findInTexts } from '../support/find-secrets.ts'
import { startMessageReceiver } from '../support/message-receiver.ts'
import { startProgram } from '../support/program.ts'
import type { InspectWithoutViewerInput } from '../support/programs/inspect-without-viewer.ts'
import { openSession, openSignedInSession } from '../support/signed-in-session.ts'
import { canaryClient, confidentialClient } from '../support/watched-session.ts'
import { liveWholeLife, openLife } from '../support/whole-life.ts'

let server: AuthorizationServer
let api: Api

beforeAll(async () => {
  server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    clients: [confidentialClient(canaryClient)],
  })
  api = await startApi({ authorizationServer: server })
})
afterEach(() => {
  server.faults.clear()
  api.faults.clear()
  vi.restoreAllMocks()
})
afterAll(() => Promise.all([server.close(), api.close()]))

const definition = describeChart(sessionMachine.config)

/** An inspector that keeps what it would send. */
function createKeeper(options?: Parameters<typeof createInspector>[1]) {
  const messages: StatelyInspectionEvent[] = []
  return { messages, inspector: createInspector({ send: (message) => void messages.push(message) }, options) }
}

const actorsIn = (messages: readonly StatelyInspectionEvent[]) =>
  messages.filter((message) => message.type === '@xstate.actor')
const snapshotsIn = (messages: readonly StatelyInspectionEvent[]) =>
  messages.filter((message) => message.type === '@xstate.snapshot')
const stateIn = (message: StatelyInspectionEvent | undefined) =>
  (message as { snapshot?: { value?: unknown } } | undefined)?.snapshot?.value

test('P55 a whole life over a WebSocket goes through every state of the chart and shows no secret', async () => {
  await using receiver = await startMessageReceiver()
  await using life = await openLife(server, api)
  const inspector = createWebSocketInspector({ ...sessionInspectorOptions, url: receiver.url })
  inspectSession(life.watched.session, inspector)
  await liveWholeLife(life, { server, api })
  await eventually(() => stateIn(receiver.messages.at(-1)) === 'signedOut', { description: 'the last message' })

  const seen = new Set(
    [...actorsIn(receiver.messages), ...snapshotsIn(receiver.messages)].flatMap((message) =>
      activePaths(stateIn(message)),
    ),
  )
  const states = flatten(findStates(definition)).map(({ path }) => path)
  // The token is judged within a step: that state is never seen at rest.
  const atRest = states.filter((path) => path !== '' && path !== 'signedIn.token.judging')
  expect([...seen].sort()).toEqual(atRest.sort())
  const events = new Set(receiver.messages.map((message) => ('event' in message ? message.event.type : '')))
  for (const type of [
    'record.signedIn',
    'tokens.stored',
    'request.ended',
    'refresh.failed',
    'session.ended',
    'signIn.stored',
    'signOut.stored',
  ]) {
    expect(events).toContain(type)
  }
  const texts = receiver.messages.map((message) => JSON.stringify(message))
  expect(texts.length).toBeGreaterThan(80)
  expect(life.watched.secrets().length).toBeGreaterThan(15)
  expect(findInTexts(texts, life.watched.secrets())).toEqual([])
})

describe('the definition', () => {
  test('names every guard, action and actor, and arrives whole', async () => {
    const { messages, inspector } = createKeeper(sessionInspectorOptions)
    await using session = openSession(server)
    inspectSession(session, inspector)
    await eventually(() => actorsIn(messages).length > 0, { description: 'the actor' })
    const [actor] = actorsIn(messages)
    const idle = flatten(findStates(definition)).find(({ path }) => path === 'signedIn.refresh.idle')
    expect(JSON.parse(actor?.definition ?? '')).toEqual(definition)
    expect(actor?.definition?.includes('anonymous')).toBe(false)
    expect(idle?.definition.always).toEqual([{ target: ['refreshing'], guard: 'isToBeRefreshed' }])
  })

  test('would be cut by an inspector with its usual options', async () => {
    const { messages, inspector } = createKeeper()
    await using session = openSession(server)
    inspectSession(session, inspector)
    await eventually(() => actorsIn(messages).length > 0, { description: 'the actor' })
    expect(actorsIn(messages)[0]?.definition?.includes('[Array]')).toBe(true)
  })

  test('V1 is still among the 200 messages that an inspector remembers for a viewer that is reloaded', async () => {
    const { messages, inspector } = createKeeper(sessionInspectorOptions)
    await using session = await openSignedInSession(server)
    inspectSession(session, inspector)
    for (let hint = 0; hint < 300; hint += 1) {
      session.reportOutcome({ outcome: 'networkFailed', origin: api.origin, generation: 1 })
    }
    await eventually(() => messages.length > 500, { description: 'many messages' })
    for (let end = 200; end <= messages.length; end += 50) {
      expect(actorsIn(messages.slice(end - 200, end)).length).toBeGreaterThan(0)
    }
  })
})

test('V1 a session that is connected late is shown as it is by then', async () => {
  const { messages, inspector } = createKeeper(sessionInspectorOptions)
  await using session = openSession(server)
  const recorder = recordSession(session)
  const { access_token, refresh_token = '' } = await server.signIn()
  await session.signIn({ accessToken: access_token, refreshToken: refresh_token, expiresIn: 3600 })
  // The last that a sign-in brings about: after that nothing happens by itself.
  await eventually(() => recorder.getRecording().transitions.at(-1)?.event === 'record.signedIn', {
    description: 'the session to be at rest',
  })
  const disconnect = inspectSession(session, inspector)
  await eventually(() => messages.length > 0, { description: 'the actor' })
  expect(stateIn(messages[0])).toEqual({ signedIn: { token: 'fresh', refresh: 'idle' } })
  await session.refresh()
  const tellOfRefresh = (told: typeof messages) =>
    eventually(() => told.some((message) => 'event' in message && message.event.type === 'tokens.stored'), {
      description: 'a refresh',
    })
  await tellOfRefresh(messages)
  disconnect()
  const before = messages.length
  const other = createKeeper(sessionInspectorOptions)
  inspectSession(session, other.inspector)
  await session.refresh()
  await tellOfRefresh(other.messages)
  expect(messages.length).toBe(before)
})

test('V1 an observer that throws loses no transition, and its error is shown once', async () => {
  const shown = vi.spyOn(console, 'error').mockImplementation(() => {})
  await using session = openSession(server)
  inspectSession(session, {
    inspect: {
      next() {
        throw new Error('the viewer is broken')
      },
    },
  })
  const { access_token, refresh_token = '', expires_in } = await server.signIn()
  await session.signIn({ accessToken: access_token, refreshToken: refresh_token, expiresIn: expires_in })
  await session.refresh()
  expect(session.getSnapshot()).toMatchObject({ status: 'fresh', usable: true })
  expect(shown).toHaveBeenCalledOnce()
})

describe('an inspector over a WebSocket', () => {
  test('V2 that is connected only where a viewer listens keeps no process alive', async () => {
    const input: InspectWithoutViewerInput = { url: 'ws://127.0.0.1:1/messages' }
    await using program = startProgram('inspect-without-viewer', input)
    await program.printed('disposed')
    expect(await program.exited()).toBe(0)
  })

  test('V2 is stopped with the last of its sessions, and starts again with the next', async () => {
    const { inspector } = createKeeper()
    const calls: string[] = []
    const watched = { ...inspector, start: () => calls.push('start'), stop: () => calls.push('stop') }
    const sessions = [openSession(server), openSession(server)]
    for (const session of sessions) inspectSession(session, watched)
    await sessions[0]?.[Symbol.asyncDispose]()
    expect(calls).toEqual([])
    await sessions[1]?.[Symbol.asyncDispose]()
    expect(calls).toEqual(['stop'])
    await using next = openSession(server)
    const disconnect = inspectSession(next, watched, { stopInspector: false })
    expect(calls).toEqual(['stop', 'start'])
    disconnect()
    expect(calls).toEqual(['stop', 'start'])
  })
})

test('refuses what is not a session, not an inspector, or not an option', async () => {
  await using session = openSession(server)
  const { inspector } = createKeeper()
  expect(() => inspectSession({} as never, inspector)).toThrow(TypeError)
  expect(() => inspectSession(session, {} as never)).toThrow(/inspector/)
  expect(() => inspectSession(session, inspector, { stop: true } as never)).toThrow(/stopInspector/)
})

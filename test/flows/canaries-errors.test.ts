import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import {
  type Api,
  type AuthorizationServer,
  apiAnswers,
  startApi,
  startAuthorizationServer,
  tokenAnswers,
} from '@authchart/test/authorization-server'
import ky, { isHTTPError, isNetworkError, isTimeoutError } from 'ky'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { findInTexts, findSecrets } from '../support/find-secrets.ts'
import type { LogEverythingInput } from '../support/programs/log-everything.ts'
import { tokenSetOf } from '../support/signed-in-session.ts'
import { canaryClient, confidentialClient, openWatchedSession } from '../support/watched-session.ts'

const always = { times: Number.POSITIVE_INFINITY }

let server: AuthorizationServer
let api: Api

beforeAll(async () => {
  const clients = [confidentialClient(canaryClient)]
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 }, clients })
  api = await startApi({ authorizationServer: server })
})
beforeEach(() => {
  server.faults.clear()
  api.faults.clear()
})
afterAll(async () => {
  await api.close()
  await server.close()
})

const open = () => openWatchedSession(server, { allowedOrigins: [api.origin] })

describe('P55 errors of requests that carried a canary token', () => {
  async function catchError(send: (session: Session) => Promise<unknown>) {
    await using watched = open()
    await watched.signIn()
    const error: unknown = await send(watched.session).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(api.requests.at(-1)).toMatchObject({ authorization: 'valid' })
    expect(findSecrets(error, watched.secrets())).toEqual([])
    return error
  }

  const send = (session: Session, options: Parameters<typeof ky.extend>[0] = {}) =>
    ky
      .extend({ hooks: createKyHooks(session), retry: 0 })
      .extend(options)
      .post(api.origin, { json: { amount: 12 } })

  test('P55 ky, HTTPError', async () => {
    api.faults.answerWith(apiAnswers.serverError)
    expect(isHTTPError(await catchError((session) => send(session)))).toBe(true)
  })

  test('P55 ky, HTTPError after a rejection', async () => {
    api.faults.answerWith(apiAnswers.invalidToken, always)
    expect(isHTTPError(await catchError((session) => send(session)))).toBe(true)
  })

  test('P55 ky, NetworkError', async () => {
    api.faults.destroyConnection()
    expect(isNetworkError(await catchError((session) => send(session)))).toBe(true)
  })

  test('P55 ky, TimeoutError', async () => {
    const gate = api.faults.hold()
    const error = await catchError(async (session) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      try {
        const outcome = send(session, { timeout: 50 }).catch((thrown: unknown) => thrown)
        await gate.arrived()
        await vi.advanceTimersByTimeAsync(50)
        throw await outcome
      } finally {
        vi.useRealTimers()
      }
    })
    expect(isTimeoutError(error)).toBe(true)
    gate.release()
  })

  test('P55 fetch, its own error', async () => {
    api.faults.destroyConnection()
    const error = await catchError((session) => createFetch(session)(api.origin, { method: 'POST', body: 'a' }))
    expect(error).toBeInstanceOf(TypeError)
  })

  test('P55 fetch, with a header that cannot be sent', async () => {
    await using watched = open()
    await watched.signIn()
    const error: unknown = await createFetch(watched.session)(api.origin, { headers: { 'x-a': 'a\nb' } }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(TypeError)
    expect(findSecrets(error, watched.secrets())).toEqual([])
  })
})

describe('P55 a program that logs whatever it gets', () => {
  test.each([
    ['ends by itself', 'caught', 0],
    ['dies of a rejection that nobody handles', 'unhandled', 1],
  ] as const)('P55 prints no canary token, and %s', async (_name, lastError, exitCode) => {
    const response = await server.signIn({ client: canaryClient })
    server.faults.alterAnswer((members) => {
      issued.push(String(members.access_token), String(members.refresh_token), String(members.id_token))
      return members
    })
    const issued = [
      response.access_token,
      String(response.refresh_token),
      String(response.id_token),
      canaryClient.secret,
    ]
    server.faults.answerWith(tokenAnswers.htmlForbidden)
    server.faults.answerWith(tokenAnswers.invalidGrant)
    const input: LogEverythingInput = {
      issuer: server.issuer,
      client: canaryClient,
      tokenSet: tokenSetOf(response),
      apiOrigin: api.origin,
      lastError,
    }
    const output = await runToItsEnd('log-everything', input)
    expect(output.exitCode).toBe(exitCode)
    expect(issued.length).toBe(7)
    expect(output.text).toContain('SessionEndedError')
    expect(output.text).toContain('a listener of "refreshed" threw')
    expect(findInTexts([output.text], issued)).toEqual([])
  })
})

/** Everything that a program of `test/support/programs` prints, wherever it prints it. */
async function runToItsEnd(name: string, input: LogEverythingInput): Promise<{ text: string; exitCode: number }> {
  const path = fileURLToPath(new URL(`../support/programs/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@authchart/source', path], { stdio: 'pipe' })
  child.stdin.end(JSON.stringify(input))
  const printed = Promise.all([text(child.stdout), text(child.stderr)])
  const [exitCode] = await once(child, 'exit')
  return { text: (await printed).join('\n'), exitCode }
}

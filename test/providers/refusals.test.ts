import {
  createSession,
  isRefreshUnavailableError,
  isSessionEndedError,
  memoryStore,
  type Session,
  type SessionStore,
} from '@authchart/core'
import { explainRecording, recordSession } from '@authchart/core/inspect'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { describe, expect, test } from 'vitest'
import { type HttpAnswer, jsonAnswer, writeAnswer } from '../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../authorization-server/loopback-server.ts'
import { findInTexts, reachableTexts } from '../support/find-secrets.ts'
import { collectNotices, noticesOf, typesOf } from '../support/notices.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { sessionKey } from '../support/signed-in-session.ts'
import { readRecord } from '../support/stored-session.ts'

const start = 1_900_000_000_000

const answers = {
  unknownWord: jsonAnswer(400, { error: 'quota_of_the_moon' }),
  unknownWordUnder200: jsonAnswer(200, { ok: false, error: 'quota_of_the_moon' }),
  bare: { status: 400 },
  withoutWord: jsonAnswer(403, { message: 'Forbidden' }),
  trouble: { status: 503 },
  issued: jsonAnswer(200, {
    access_token: 'new-access-token',
    refresh_token: 'new-refresh-token',
    token_type: 'Bearer',
  }),
} satisfies Record<string, HttpAnswer>

/** A session that is opened anew for each try, as a program that is run again and again, on one store and clock. */
interface World extends AsyncDisposable {
  readonly clock: SimulatedClock
  readonly store: SessionStore
  /** What the token endpoint answers from now on. */
  answer: HttpAnswer
  open(): Session
  /** Refreshes at a time after the start, and says what came of it: a code, a reason, or `issued`. */
  tryAt(milliseconds: number): Promise<string>
}

async function createWorld(answer: HttpAnswer): Promise<World> {
  const server = await startLoopbackServer((request, response) => {
    request.resume()
    void writeAnswer(response, world.answer)
  })
  const clock = createSimulatedClock({ now: start })
  const store = memoryStore()
  const metadata = { issuer: 'https://login.example', token_endpoint: `${server.origin}/token` }
  const world: World = {
    clock,
    store,
    answer,
    open: () =>
      createSession({
        key: sessionKey,
        store,
        runtime: { clock, random: () => 0 },
        grant: refreshTokenGrant({ metadata, clientId: 'app' }),
      }),
    async tryAt(milliseconds) {
      await clock.advance(start + milliseconds - clock.now())
      await using session = world.open()
      try {
        await passTimeWhile(clock, session.refresh())
        return 'issued'
      } catch (error) {
        if (isRefreshUnavailableError(error)) return error.code
        if (isSessionEndedError(error)) return error.reason
        throw error
      }
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
  await using session = world.open()
  await session.signIn({ accessToken: 'first-access-token', refreshToken: 'first-refresh-token', expiresIn: 3600 })
  return world
}

describe('P88 refusals that name no reason that is known', () => {
  test.each([answers.unknownWord, answers.unknownWordUnder200])(
    'end the session with the third, 30 s after the first, counted across restarts: %j',
    async (answer) => {
      await using world = await createWorld(answer)
      expect(await world.tryAt(0)).toBe('refused')
      expect(await world.tryAt(10_000)).toBe('refused')
      expect(await world.tryAt(20_000)).toBe('refused')
      expect(await world.tryAt(29_000)).toBe('refused')
      expect(await world.tryAt(30_000)).toBe('requestRejected')
      const { secrets, end } = await readRecord(world.store)
      expect(end).toMatchObject({ serverCode: 'quota_of_the_moon' })
      expect(secrets?.tokenSet.refreshToken).toBe('first-refresh-token')
    },
  )

  test('end it with the third bare 400, two minutes after the first', async () => {
    await using world = await createWorld(answers.bare)
    expect(await world.tryAt(0)).toBe('refused')
    expect(await world.tryAt(60_000)).toBe('refused')
    expect(await world.tryAt(119_000)).toBe('refused')
    expect(await world.tryAt(120_000)).toBe('requestRejected')
  })

  test('are counted together, and neither idle time nor other failures begin anew', async () => {
    await using world = await createWorld(answers.unknownWord)
    expect(await world.tryAt(0)).toBe('refused')
    world.answer = answers.trouble
    expect(await world.tryAt(10_000)).toBe('server')
    world.answer = answers.unknownWord
    expect(await world.tryAt(86_400_000)).toBe('refused')
    world.answer = answers.bare
    expect(await world.tryAt(90_000_000)).toBe('requestRejected')
  })

  test('begin anew after new tokens, and with a sign-in', async () => {
    await using world = await createWorld(answers.unknownWord)
    await world.tryAt(0)
    await world.tryAt(10_000)
    world.answer = answers.issued
    expect(await world.tryAt(20_000)).toBe('issued')
    world.answer = answers.unknownWord
    expect(await world.tryAt(60_000)).toBe('refused')
    expect(await world.tryAt(100_000)).toBe('refused')
    await using session = world.open()
    await session.signIn({ accessToken: 'another', refreshToken: 'another', expiresIn: 3600 })
    expect(await world.tryAt(140_000)).toBe('refused')
    expect(await world.tryAt(180_000)).toBe('refused')
    expect(await world.tryAt(220_000)).toBe('requestRejected')
  })

  test('in JSON without a word never end it, and are told of after five in ten minutes', async () => {
    await using world = await createWorld(answers.withoutWord)
    await using session = world.open()
    const notices = collectNotices(session)
    for (let minutes = 0; minutes < 30; minutes += 3) {
      await world.clock.advance(start + minutes * 60_000 - world.clock.now())
      await passTimeWhile(world.clock, session.refresh()).catch(() => {})
      expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', code: 'refused' })
      expect(typesOf(notices).includes('refusedWithoutReason')).toBe(minutes >= 12)
    }
    expect(typesOf(notices).filter((type) => type === 'refusedWithoutReason')).toHaveLength(1)
    world.answer = answers.issued
    expect(await world.tryAt(40 * 60_000)).toBe('issued')
  })
})

describe('P88 the server’s own words', () => {
  const said = 'This subscription is on hold.'
  const secretly = { message: `${said} canary-0123456789abcdef`, access_token: 'canary-fedcba9876543210' }

  test('are in the error, the notices and the explanation, short and without secrets', async () => {
    await using world = await createWorld(jsonAnswer(403, secretly))
    await using session = world.open()
    const notices = collectNotices(session)
    const recorder = recordSession(session)
    const errors: unknown[] = []
    for (let minutes = 0; minutes < 15; minutes += 3) {
      await world.clock.advance(start + minutes * 60_000 - world.clock.now())
      await passTimeWhile(world.clock, session.refresh()).catch((error: unknown) => errors.push(error))
    }
    const words = expect.stringContaining(said) as string
    for (const error of errors) expect(error).toMatchObject({ code: 'refused', serverWords: words, message: words })
    expect(notices).toMatchObject([
      { type: 'refreshFailed', code: 'refused', serverWords: words },
      { type: 'refusedWithoutReason', serverWords: words, advice: expect.stringContaining('`classifyFailure`') },
    ])
    const { answered } = explainRecording(recorder.getRecording())
    expect(answered).toContain(said)
    expect(findInTexts(reachableTexts([errors, notices, answered]), ['canary-0123456789abcdef'])).toEqual([])
    expect(findInTexts(reachableTexts([errors, notices, answered]), [secretly.access_token])).toEqual([])
  })

  test.each([
    ['with what a terminal would act on', '\u001b[2Jwiped\u0007'],
    ['without an end', 'more and '.repeat(1000)],
    ['over lines', 'one\r\ntwo'],
  ])('%s, are printable and at most 100 characters', async (_name, message) => {
    await using world = await createWorld(jsonAnswer(403, { message }))
    await using session = world.open()
    const notices = collectNotices(session)
    const error: unknown = await passTimeWhile(world.clock, session.refresh()).catch((reason: unknown) => reason)
    const { serverWords = '' } = error as { serverWords?: string }
    expect(serverWords).toMatch(/^[^\p{C}]{0,100}$/u)
    expect(noticesOf(notices, 'refreshFailed')[0]?.serverWords ?? '').toBe(serverWords)
  })
})

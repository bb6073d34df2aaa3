import type { EndReason, Session, SessionOptions, TransientCode } from '@authchart/core'
import { explainRecording, recordSession, type SessionRecording } from '@authchart/core/inspect'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import {
  type AuthorizationServer,
  oauthError,
  startAuthorizationServer,
  tokenAnswers,
  withMembers,
} from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createDevice, type Device } from '../support/device.ts'
import { eventually } from '../support/eventually.ts'
import { findInTexts } from '../support/find-secrets.ts'
import { createIdToken } from '../support/id-tokens.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore, type TroubledStore } from '../support/troubled-store.ts'

const always = { times: Number.POSITIVE_INFINITY }
const hour = 3_600_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(async () => {
  server.faults.clear()
  await server.comeBack()
})
afterAll(() => server.close())

interface Stage {
  readonly session: Session
  readonly clock: SimulatedClock
  readonly store: TroubledStore
  readonly device: Device
  /** Asks for new tokens, whatever comes of it. */
  refresh(): Promise<unknown>
}

/** Opens a session that is signed in, records it, does something to it, and takes the recording. */
async function record(
  happening: (stage: Stage) => Promise<unknown>,
  options: Partial<SessionOptions> & { withoutRefreshToken?: boolean } = {},
): Promise<{ recording: SessionRecording; secrets: string[] }> {
  const { withoutRefreshToken = false, ...sessionOptions } = options
  const clock = createSimulatedClock()
  const store = createTroubledStore()
  const device = createDevice()
  const environment = device.environment
  await using session = openSession(server, {
    runtime: { clock, environment, random: () => 0 },
    store,
    ...sessionOptions,
  })
  const recorder = recordSession(session)
  const { refreshToken = '', ...tokenSet } = tokenSetOf(await server.signIn())
  await session.signIn(withoutRefreshToken ? tokenSet : { ...tokenSet, refreshToken })
  await happening({
    session,
    clock,
    store,
    device,
    refresh: () => passTimeWhile(clock, session.refresh(), { stepMilliseconds: 50 }).catch(() => {}),
  })
  const recording = recorder.getRecording()
  // What is held is let go, or disposing would wait for it.
  server.faults.clear()
  const written = store.written.flatMap(({ secrets }) => Object.values(secrets?.tokenSet ?? {}))
  return {
    recording,
    secrets: [...new Set(written.filter((value) => typeof value === 'string' && value.length > 20))] as string[],
  }
}

const answered =
  (answer: Parameters<AuthorizationServer['faults']['answerWith']>[0]) =>
  ({ refresh }: Stage) => {
    server.faults.answerWith(answer, always)
    return refresh()
  }

interface Case {
  readonly happening: (stage: Stage) => Promise<unknown>
  readonly options?: Parameters<typeof record>[1]
  /** What the explanation says of what was asked, answered and is to be done. */
  readonly asked: string
  readonly answered: string
  readonly advice: string
}

const theProgram = 'The program asked for new tokens.'
const signIn = 'Only a new sign-in helps: run `acme login`.'

const ends: Readonly<Record<EndReason, Case>> = {
  grantRejected: {
    async happening({ session, clock }) {
      server.revokeGrant()
      await clock.advance(2 * hour)
      await session.getAccessToken().catch(() => {})
    },
    asked: 'A caller needed a token, and the current one could not be used.',
    answered: 'The authorization server refused the refresh token. It said `invalid_grant`.',
    advice: signIn,
  },
  requestRejected: {
    happening: answered(tokenAnswers.invalidRequest),
    asked: theProgram,
    answered:
      'The authorization server called the refresh request invalid; some servers say this of a dead refresh token. It said `invalid_request`.',
    advice: 'First run `acme login`; if that does not help, check the refresh request.',
  },
  clientRejected: {
    happening: answered(tokenAnswers.invalidClient),
    asked: theProgram,
    answered: 'The authorization server refused the client, not the user. It said `invalid_client`.',
    advice: 'For the operator: check the client id, its authentication and its grant types, then refresh.',
  },
  rotationLost: {
    happening({ refresh }) {
      server.faults.dropAnswerAfterCommit()
      return refresh()
    },
    asked: theProgram,
    answered:
      'The authorization server refused the refresh token after an earlier request whose outcome is unknown (a lost answer or a server error). Either it replaced the refresh token then and the new one was lost, or the grant was revoked. It said `invalid_grant`.',
    advice: signIn,
  },
  noRefreshToken: {
    async happening({ session, clock }) {
      await clock.advance(2 * hour)
      await session.getAccessToken().catch(() => {})
    },
    options: { withoutRefreshToken: true },
    asked: 'A caller needed a token, and the current one could not be used.',
    answered: 'Nothing was sent: there is no refresh token.',
    advice: signIn,
  },
  identityMismatch: {
    happening({ refresh }) {
      server.faults.alterAnswer((members) => ({ ...members, id_token: asMallory(String(members.id_token)) }))
      return refresh()
    },
    asked: theProgram,
    answered: 'The authorization server returned the tokens of another user or issuer; they were never served.',
    advice: signIn,
  },
  recordRemoved: {
    async happening({ session, store, device }) {
      store.read = async () => undefined
      device.tell('resumed')
      await eventually(() => session.getSnapshot().status === 'invalidated', { description: 'the end' })
    },
    asked: 'Nothing was asked here: the store said that the session ended.',
    answered: 'The record of the session was removed from its store, without a sign-out.',
    advice: signIn,
  },
  unreachable: {
    async happening({ clock, refresh }) {
      await server.goDown()
      await refresh()
      await clock.advance(60_001)
      await refresh()
    },
    options: { giveUpAfterMilliseconds: 60_000 },
    asked: theProgram,
    answered: 'The authorization server could not be reached for longer than `giveUpAfterMilliseconds`.',
    advice: 'Check the network and the authorization server, then refresh, or run `acme login`.',
  },
}

const failures: Readonly<Record<TransientCode, Case>> = {
  network: {
    async happening({ refresh }) {
      await server.goDown()
      await refresh()
    },
    asked: theProgram,
    answered: 'The authorization server could not be reached: the connection failed before anything was sent.',
    advice: 'Check the network, DNS and certificates between this device and the authorization server.',
  },
  offline: {
    happening({ device, refresh }) {
      device.tell('offline')
      return refresh()
    },
    asked: theProgram,
    answered: 'The device says that it has no network, so nothing was sent.',
    advice: 'Connect the device to a network; the session then goes on by itself.',
  },
  timeout: {
    async happening({ session, clock }) {
      const gate = server.faults.hold()
      const refreshed = session.refresh().catch(() => {})
      await gate.arrived()
      await clock.advance(10_000)
      await refreshed
    },
    asked: theProgram,
    answered: 'The refresh takes longer than callers wait. It goes on: it is neither aborted nor sent again.',
    advice: 'Wait for it. If this happens often, find out why the token endpoint answers slowly.',
  },
  server: {
    happening: answered(tokenAnswers.unavailable),
    asked: theProgram,
    answered: 'The authorization server answered with an error of its own.',
    advice: 'Wait, or ask the operator of the authorization server.',
  },
  throttled: {
    happening: answered(tokenAnswers.throttled),
    asked: theProgram,
    answered: 'The authorization server answered that there were too many requests (429).',
    advice: 'Wait for the next try; asking earlier sends nothing.',
  },
  blocked: {
    happening: answered(tokenAnswers.htmlForbidden),
    asked: theProgram,
    answered:
      'The answer did not come from the authorization server: a firewall, a proxy or the sign-in page of a network answered.',
    advice: 'Sign in to the network if it asks for that, or let the firewall pass the token endpoint.',
  },
  unknownOutcome: {
    happening({ refresh }) {
      server.faults.cutConnectionBeforeCommit(always)
      return refresh()
    },
    asked: theProgram,
    answered:
      'The connection ended without a readable answer: the server may or may not have replaced the refresh token.',
    advice:
      'Wait: the same refresh token is sent once more, which servers with a grace period accept; otherwise the session ends as rotationLost.',
  },
  leaseTimeout: {
    async happening({ session, clock, store }) {
      await using _held = await store.lease(sessionKey, { signal: new AbortController().signal })
      const refreshed = session.refresh().catch(() => {})
      await eventually(() => session.getSnapshot().status === 'refreshing', { description: 'the wait' })
      await clock.advance(76_000)
      await refreshed
      await eventually(() => session.getSnapshot().code !== undefined, { description: 'the end of the wait' })
    },
    asked: theProgram,
    answered: 'Another program or tab has been refreshing this session for longer than a refresh can take.',
    advice: 'Look for a program that has this session open and hangs, and end it.',
  },
  storeUnavailable: {
    happening({ store, refresh }) {
      store.trouble('lease', 'fails')
      return refresh()
    },
    asked: theProgram,
    answered: 'The store that keeps the session could not be read or written.',
    advice: 'Check whether the disk is full or the store is out of reach. The session goes on once it is back.',
  },
  storeLocked: {
    happening({ store, refresh }) {
      store.trouble('read', 'fails', { code: 'storeLocked' })
      return refresh()
    },
    asked: theProgram,
    answered: 'The keyring that keeps the session is locked.',
    advice: 'Unlock the keyring; the session then goes on by itself.',
  },
  refused: {
    happening: answered(oauthError('made_up')),
    asked: theProgram,
    answered:
      'The authorization server refused the refresh, in words that do not say whether the sign-in is over. It said "made_up: The server says made_up".',
    advice:
      'Read what the server says. If it means that the sign-in is over, or that this passes, say so with `classifyFailure` or use the preset of the provider.',
  },
  tokenUnusable: {
    happening({ refresh }) {
      server.faults.alterAnswer(withMembers({ expires_in: 0 }))
      return refresh()
    },
    asked: theProgram,
    answered:
      'The authorization server issued tokens that were expired on arrival, or that were rejected as soon as they were used.',
    advice:
      'Compare the clocks of this device and the servers, and check that the API accepts what the authorization server issues.',
  },
}

const signInHint = 'run `acme login`'

describe('an explanation', () => {
  test.each(Object.entries(ends))(
    'V4 of a session that ended as %s says why, and what to do',
    async (reason, about) => {
      const { happening, options, ...expected } = about
      const { recording, secrets } = await record(happening, { signInHint, ...options })
      const explanation = explainRecording(recording)
      expect(explanation).toMatchObject({ verdict: 'ended', reason, ...expected })
      expect(explanation.text).toContain(expected.answered)
      expect(secrets.length).toBeGreaterThan(0)
      expect(findInTexts([JSON.stringify(recording), JSON.stringify(explanation)], secrets)).toEqual([])
    },
  )

  test.each(Object.entries(failures))(
    'V4 of a refresh that fails as %s says why, and what to do',
    async (code, about) => {
      const { happening, options, ...expected } = about
      const { recording, secrets } = await record(happening, options)
      const explanation = explainRecording(recording)
      expect(explanation).toMatchObject({ verdict: 'failing', code, ...expected })
      expect(explanation.tried).toContain(code === 'timeout' ? 'still under way' : 'The next try is due at ')
      expect(findInTexts([JSON.stringify(recording), JSON.stringify(explanation)], secrets)).toEqual([])
    },
  )

  test('V4 says that a session is well, was signed out, or was ended by another program', async () => {
    const well = await record(({ refresh }) => refresh())
    expect(explainRecording(well.recording)).toMatchObject({
      verdict: 'well',
      answered: 'Nothing is wrong with the session.',
    })
    const signedOut = await record(({ session }) => session.signOut())
    expect(explainRecording(signedOut.recording)).toMatchObject({ verdict: 'signedOut', advice: 'Sign in.' })
    const adopted = await record(async ({ session, clock, store }) => {
      await using other = openSession(server, { runtime: { clock }, store })
      await other.ready
      server.faults.answerWith(tokenAnswers.invalidGrant)
      await other.refresh().catch(() => {})
      await eventually(() => session.getSnapshot().status === 'invalidated', { description: 'the news' })
    })
    expect(explainRecording(adopted.recording)).toMatchObject({
      verdict: 'ended',
      reason: 'grantRejected',
      asked: 'Nothing was asked here: the store said that the session ended.',
    })
  })

  test('V4 of a session whose tokens an API keeps rejecting names that API', async () => {
    const origin = 'https://api.acme.example'
    const { recording } = await record(async ({ session, clock }) => {
      for (let rejections = 0; rejections < 3; rejections += 1) {
        await clock.advance(1_000)
        const { generation } = session.getSnapshot()
        session.reportOutcome({ outcome: 'rejected', origin, generation, status: 401 })
        await passTimeWhile(clock, session.getAccessToken(), { stepMilliseconds: 50 }).catch(() => {})
      }
    })
    expect(explainRecording(recording)).toMatchObject({
      verdict: 'well',
      answered: `New tokens are rejected as well by ${origin}, so these rejections start no refresh for now.`,
    })
  })

  test('V4 says that a session had ended before it was opened', async () => {
    const store = createTroubledStore()
    {
      await using before = openSession(server, { store })
      await before.signIn(tokenSetOf(await server.signIn()))
      server.faults.answerWith(tokenAnswers.invalidGrant)
      await before.refresh().catch(() => {})
    }
    await using session = openSession(server, { store })
    const recorder = recordSession(session)
    await session.ready
    expect(explainRecording(recorder.getRecording())).toMatchObject({
      verdict: 'ended',
      reason: 'grantRejected',
      asked: 'Nothing was asked since the recording began: the session had ended before.',
      tried: expect.stringContaining('No refresh was tried.') as string,
    })
  })

  test('V4 tells a server error before the refusal, which may be a lost rotation, from a plain refusal', async () => {
    const { recording } = await record(async ({ refresh, clock }) => {
      server.faults.answerWith(tokenAnswers.unavailable)
      await refresh()
      await clock.advance(60_000)
      server.faults.answerWith(tokenAnswers.invalidGrant)
      await refresh()
    })
    expect(explainRecording(recording)).toMatchObject({
      reason: 'rotationLost',
      answered: expect.stringContaining('or the grant was revoked.') as string,
      tried: expect.stringMatching(/^2 refreshes were tried, from [^;]*\. Since/) as string,
    })
  })

  test.each<[string, (stage: Stage) => Promise<unknown>, string]>([
    ['is good', async () => {}, 'the access token is served until it expires.'],
    ['had expired', ({ clock }) => clock.advance(2 * hour), 'there is no valid access token.'],
    [
      'had been rejected',
      async ({ session, clock }) => {
        await clock.advance(60_000)
        const { generation } = session.getSnapshot()
        session.reportOutcome({ outcome: 'rejected', origin: 'https://api.acme.example', generation, status: 401 })
      },
      'the access token had been rejected.',
    ],
  ])('V4 says what the end left of an access token that %s', async (_name, before, expected) => {
    const { recording } = await record(async (stage) => {
      server.faults.answerWith(tokenAnswers.invalidGrant)
      await before(stage)
      await stage.refresh()
      await eventually(() => stage.session.getSnapshot().status === 'invalidated', { description: 'the end' })
    })
    expect(explainRecording(recording).tried).toContain(expected)
  })

  test('V4 counts the token requests apart from the refreshes that sent none', async () => {
    const { recording } = await record(async ({ store, refresh, clock }) => {
      server.faults.answerWith(tokenAnswers.unavailable)
      await refresh()
      store.trouble('lease', 'fails')
      for (let tries = 0; tries < 2; tries += 1) {
        await clock.advance(60_000)
        await refresh()
      }
    })
    expect(explainRecording(recording).tried).toContain('3 refreshes were tried, from ')
    expect(explainRecording(recording).tried).toContain('; 1 of them sent a token request.')
  })

  test('names the origin that rejected the token before a caller asked for another one', async () => {
    const { recording } = await record(async ({ session, clock }) => {
      await clock.advance(60_000)
      const { generation } = session.getSnapshot()
      session.reportOutcome({ outcome: 'rejected', origin: 'https://api.acme.example', generation, status: 401 })
      server.faults.answerWith(tokenAnswers.invalidGrant)
      await session.getAccessToken().catch(() => {})
    })
    expect(explainRecording(recording).asked).toBe(
      'A caller needed a token. https://api.acme.example rejected the access token (401).',
    )
  })

  test('refuses what is not a whole recording', () => {
    for (const broken of [undefined, {}, { format: 2, transitions: [] }, { format: 1 }]) {
      expect(() => explainRecording(broken as never)).toThrow(/recording/)
    }
  })
})

function asMallory(idToken: string): string {
  const claims = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
  return createIdToken({ ...claims, sub: 'mallory' })
}

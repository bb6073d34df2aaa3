import { describe, expect, test } from 'vitest'
import { createSession } from '../session/create-session.ts'
import { memoryStore } from '../store/memory-store.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { recordSession } from './record-session.ts'

const now = 1_700_000_000_000

async function openSession() {
  const clock = createSimulatedClock({ now })
  const session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: issue,
    runtime: { clock, random: () => 0 },
  })
  await session.ready
  return { session, clock }
}

const tokens = { accessToken: 'access-token-1', refreshToken: 'refresh-token-1', expiresIn: 3600 }
const issue = async () => ({ ...tokens, accessToken: 'access-token-2' })

describe('a recording', () => {
  test('begins with the state of the session, then has each event with its time, state and generation', async () => {
    const { session, clock } = await openSession()
    await using _session = session
    const recorder = recordSession(session)
    await clock.advance(1_000)
    await session.signIn(tokens)
    await clock.advance(1_000)
    await session.refresh()
    const { transitions, ...facts } = recorder.getRecording()
    expect(facts).toEqual({
      format: 1,
      startedAt: now,
      takenAt: now + 2_000,
      dropped: 0,
      about: { refreshTiming: 'onUse' },
    })
    const { generation } = session.getSnapshot()
    const refreshing = (place: string) => ({ signedIn: { token: 'fresh', refresh: { refreshing: place } } })
    const fresh = { signedIn: { token: 'fresh', refresh: 'idle' } }
    expect(transitions).toEqual([
      { time: now, event: 'recording.started', state: 'signedOut', generation: 0 },
      { time: now + 1_000, event: 'signIn.stored', state: fresh, generation: now + 1_000 },
      // What was read after the store's hint, which is not told by itself.
      { time: now + 1_000, event: 'record.signedIn', state: fresh, generation: now + 1_000 },
      { time: now + 2_000, event: 'refresh.requested', state: refreshing('waitingForLease'), generation: now + 1_000 },
      expect.objectContaining({ event: 'lease.acquired', state: refreshing('rereading') }),
      expect.objectContaining({ event: 'intent.written', state: refreshing('requestingTokens') }),
      expect.objectContaining({ event: 'tokens.issued', state: refreshing('storing') }),
      { time: now + 2_000, event: 'tokens.stored', state: fresh, generation },
    ])
  })

  test('V3 holds no more than its limit, and says how much is gone', async () => {
    const { session } = await openSession()
    await using _session = session
    const recorder = recordSession(session, { limit: 3 })
    await session.signIn(tokens)
    await session.refresh()
    const { transitions, dropped } = recorder.getRecording()
    expect(transitions.map(({ event }) => event).slice(-2)).toEqual(['tokens.issued', 'tokens.stored'])
    expect(transitions).toHaveLength(3)
    expect(dropped).toBeGreaterThan(3)
  })

  test('V3 counts what repeats itself: the looks at the clock in an idle session', async () => {
    const { session, clock } = await openSession()
    await using _session = session
    await session.signIn({ ...tokens, expiresIn: 36_000 })
    await clock.advance(60_000)
    const recorder = recordSession(session)
    await clock.advance(3_600_000)
    const { transitions } = recorder.getRecording()
    expect(transitions).toHaveLength(2)
    expect(transitions[1]).toMatchObject({ event: expect.stringContaining('untilRefreshIsDue') as string, times: 15 })
    expect(transitions[1]?.until).toBeGreaterThan(clock.now() - 300_000)
  })

  test('V3 gains nothing while a fresh token is used', async () => {
    const { session } = await openSession()
    await using _session = session
    await session.signIn(tokens)
    const recorder = recordSession(session)
    await new Promise((resolve) => setImmediate(resolve))
    const before = recorder.getRecording().transitions.length
    for (let calls = 0; calls < 100; calls += 1) await session.getAccessToken()
    expect(recorder.getRecording().transitions).toHaveLength(before)
  })

  test('ends when it is stopped', async () => {
    const { session } = await openSession()
    await using _session = session
    const recorder = recordSession(session)
    recorder.stop()
    await session.signIn(tokens)
    expect(recorder.getRecording().transitions).toHaveLength(1)
  })
})

test.each([0, -1, 1.5, Number.NaN, '5'])('a limit of %s is refused', async (limit) => {
  const { session } = await openSession()
  await using _session = session
  expect(() => recordSession(session, { limit: limit as number })).toThrow(/limit/)
})

test('refuses what is not a session, and unknown options', async () => {
  const { session } = await openSession()
  await using _session = session
  expect(() => recordSession(undefined as never)).toThrow(TypeError)
  expect(() => recordSession(session, { size: 5 } as never)).toThrow(/limit/)
})

import { expect, it } from 'vitest'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import { memoryStore } from '../store/memory-store.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { createSession } from './create-session.ts'

const key = 'acme:alice'

/** A record of that generation, which is its revision too. */
function recordOf(generation: number): SessionRecord {
  const tokenSet = createTokenSet({ accessToken: `access-${generation}` })
  return createRecord({ generation, revision: String(generation), secrets: { tokenSet } })
}

it('a hint that came while older tokens were being adopted is followed after all', async () => {
  const memory = memoryStore()
  const clock = createSimulatedClock({ now: recordTime })
  await memory.compareAndSet(key, undefined, recordOf(5))
  const answers: (() => void)[] = []
  let isSlow = false
  await using session = createSession({
    key,
    store: {
      ...memory,
      async read(name) {
        const record = await memory.read(name)
        if (isSlow) await new Promise<void>((resolve) => answers.push(resolve))
        return record
      },
    },
    grant: () => Promise.reject(new Error('not asked')),
    runtime: { clock },
  })
  await session.ready
  await using _held = await memory.lease(key, { signal: new AbortController().signal })
  const refreshed = session.refresh()
  await clock.advance(0)

  // The session and its refresh, which waits for the lease, each read the first of two writes; and only the session the second.
  isSlow = true
  await memory.compareAndSet(key, '5', recordOf(6))
  await clock.advance(0)
  await memory.compareAndSet(key, '6', recordOf(7))
  await clock.advance(0)
  const [bySession, byRefresh] = answers
  expect(answers).toHaveLength(2)
  bySession?.()
  await clock.advance(0)
  answers[2]?.()
  await clock.advance(0)
  isSlow = false
  byRefresh?.()
  await refreshed
  await clock.advance(0)
  expect(session.getSnapshot()).toMatchObject({ status: 'fresh', generation: 7 })
})

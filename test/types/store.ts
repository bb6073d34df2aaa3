import { createSession, memoryStore, type SessionStore } from '@authchart/core'
import {
  type ExpectedRecord,
  type Lease,
  parseSessionRecord,
  type SessionRecord,
  type SessionStore as SessionStoreOfItsDoor,
  type SessionSummary,
  StoreError,
  summarizeRecord,
} from '@authchart/core/store'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { expectType } from './expect-type.ts'

/** A store as an app would write one. */
export function createTinyStore(): SessionStore {
  const records = new Map<string, SessionRecord>()
  return {
    async read(key) {
      const parsed = parseSessionRecord(records.get(key))
      if (parsed.kind === 'record') return parsed.record
      throw new StoreError('recordUnreadable', 'That is no session.', { replaceToken: 'digest' })
    },
    async compareAndSet(key, expected, next) {
      expectType<ExpectedRecord>()(expected)(true)
      if (records.get(key)?.revision !== expected) return false
      records.set(key, next)
      return true
    },
    async lease(_key, { signal }): Promise<Lease> {
      return { lost: signal, async [Symbol.asyncDispose]() {} }
    },
    watch: () => () => {},
    list: async (): Promise<SessionSummary[]> => [...records].map(([key, record]) => summarizeRecord(key, record)),
    suggestedRefreshTiming: 'eager',
  }
}
expectType<SessionStore>()({} as SessionStoreOfItsDoor)(true)
// @ts-expect-error: a map is no store
export const notAStore: SessionStore = new Map()

const clock: SimulatedClock = createSimulatedClock()
createSession({ key: 'acme:alice', store: memoryStore(), grant: async () => ({ accessToken: '' }), runtime: { clock } })

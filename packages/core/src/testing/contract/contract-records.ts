import type { SessionRecord } from '../../store/session-record.ts'
import type { SessionStore } from '../../store/session-store.ts'
import { expectThat } from './expectations.ts'

/** Under which key most cases work. */
export const contractKey = 'acme:alice'

/** What no listing may show. */
export const contractSecrets = ['contract-access-token', 'contract-refresh-token', 'contract-id-token'] as const

/** For what is waited for as long as it takes; each case is bounded as a whole. */
export const never: AbortSignal = new AbortController().signal

/** The record of a session that is signed in. */
export function createContractRecord(changes: Readonly<Record<string, unknown>> = {}): SessionRecord {
  const [accessToken, refreshToken, idToken] = contractSecrets
  return {
    formatVersion: 1,
    generation: 5,
    highestReservedGeneration: 6,
    revision: 'revision-1',
    signInId: 'sign-in-1',
    status: 'signedIn',
    identity: { issuer: 'https://login.example', clientId: 'contract', subject: 'alice' },
    expiresAt: 1_700_003_600_000,
    rejectionStreak: 0,
    secrets: {
      tokenSet: {
        accessToken,
        refreshToken,
        idToken,
        tokenType: 'Bearer',
        receivedAt: 1_700_000_000_000,
        expiresAt: 1_700_003_600_000,
      },
    },
    ...changes,
  }
}

/** Puts the first record under a key. */
export async function putRecord(store: SessionStore, record = createContractRecord(), key = contractKey) {
  const isWritten = await store.compareAndSet(key, undefined, record)
  expectThat(isWritten, `the first record under ${JSON.stringify(key)} was refused.`)
  return record
}

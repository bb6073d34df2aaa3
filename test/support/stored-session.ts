import type { SessionStore } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { sessionKey } from './signed-in-session.ts'

/**
 * The record of the session of tests, or of another one.
 * @throws when there is none
 */
export async function readRecord(store: SessionStore, key = sessionKey): Promise<SessionRecord> {
  const record = await store.read(key)
  if (record === undefined) throw new Error('There is no record')
  return record
}

/** The access token and the refresh token of a record, as far as it has them. */
export function secretsOf(record: SessionRecord): string[] {
  const { accessToken, refreshToken } = record.secrets?.tokenSet ?? {}
  return [accessToken, refreshToken].filter((secret) => secret !== undefined)
}

/** Waits until the refresh under way has given the lease back: then it has done all that it does to the record. */
export async function leaseGivenBack(store: SessionStore): Promise<void> {
  const lease = await store.lease(sessionKey, { signal: AbortSignal.timeout(5_000) })
  await lease[Symbol.asyncDispose]()
}

import { createSession, memoryStore } from '@authchart/core'
import { compareDurations } from '../compare.ts'
import type { Scenario } from '../measurement.ts'

/** The least that anything could do which hands out a cached token until it expires. */
const holder = { token: { value: 'a'.repeat(40) }, freshUntil: Date.now() + 3_600_000 }

async function readCachedToken(): Promise<{ value: string }> {
  if (Date.now() < holder.freshUntil) return holder.token
  throw new Error('The token has expired.')
}

/** A fresh token, asked for again and again. */
export const measureCachedToken: Scenario = async (effort) => {
  await using session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: () => Promise.reject(new Error('Nothing is to be refreshed here.')),
  })
  await session.signIn({ accessToken: 'a'.repeat(40), refreshToken: 'r'.repeat(40), expiresIn: 3600 })
  const { ratios } = await compareDurations({ bare: readCachedToken, session: () => session.getAccessToken() }, effort)
  return [
    {
      name: 'cached `getAccessToken`, against an async function that reads a property and compares the clock',
      value: ratios.session,
      unit: '×',
      target: { atMost: 1.1 },
    },
  ]
}

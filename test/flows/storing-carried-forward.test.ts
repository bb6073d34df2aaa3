import type { TokenSet } from '@authchart/core/store'
import {
  type AuthorizationServer,
  startAuthorizationServer,
  type TokenResponseMembers,
  withoutMembers,
} from '@authchart/test/authorization-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import fc from '../support/properties.ts'
import { openSession, openSignedInSession, sessionKey } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterAll(() => server.close())

/** How a response treats a member: gives a new one, leaves it out, or gives something that is none. */
const treatment = fc.constantFrom('given', 'omitted', 'empty', 'null', 'number')
const responses = fc.array(
  fc.record({ refreshToken: treatment, idToken: treatment, scope: treatment, restarts: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
)
type Treatment = 'given' | 'omitted' | 'empty' | 'null' | 'number'

const instead: Record<Exclude<Treatment, 'given' | 'omitted'>, unknown> = { empty: '', null: null, number: 7 }

function treat(members: TokenResponseMembers, name: string, how: Treatment): TokenResponseMembers {
  if (how === 'given') return members
  if (how === 'omitted') return withoutMembers(name)(members)
  return { ...members, [name]: instead[how] }
}

test('P48 a rotated token replaces, an omitted one is kept, over any sequence of responses', async () => {
  await fc.assert(
    fc.asyncProperty(responses, async (sequence) => {
      const store = createTroubledStore()
      let session = await openSignedInSession(server, { store })
      const held = async () => (await store.peek(sessionKey))?.secrets?.tokenSet as TokenSet
      let expected = await held()
      for (const response of sequence) {
        let given: TokenResponseMembers = {}
        server.faults.alterAnswer(
          (members) => {
            given = treat(members, 'refresh_token', response.refreshToken)
            given = treat(given, 'id_token', response.idToken)
            given = treat(given, 'scope', response.scope)
            return given
          },
          // What the client is not given, the server does not make it need.
          { rotates: response.refreshToken === 'given' },
        )
        const { value } = await session.refresh()
        expected = {
          ...expected,
          accessToken: value,
          ...(response.refreshToken === 'given' ? { refreshToken: String(given.refresh_token) } : {}),
          ...(response.idToken === 'given' ? { idToken: String(given.id_token) } : {}),
          ...(response.scope === 'given' ? { scope: String(given.scope) } : {}),
        }
        expect(value).toBe(given.access_token)
        const { receivedAt, expiresAt, ...tokens } = await held()
        const { receivedAt: _, expiresAt: __, ...expectedTokens } = expected
        expect(tokens).toEqual(expectedTokens)
        if (response.restarts) {
          await session[Symbol.asyncDispose]()
          session = openSession(server, { store })
        }
      }
      // The refresh token that is left is one that the server takes.
      await session.refresh()
      await session[Symbol.asyncDispose]()
    }),
    { numRuns: 60 },
  )
  expect(server.counts.reuseDetected).toBe(0)
  expect(server.requests.filter(({ error }) => error !== undefined)).toEqual([])
})

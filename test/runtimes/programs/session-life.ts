/**
 * A session's whole life, by the packages and the platform alone: the same module runs in Node, Bun, Deno and workerd.
 */
import { createSession, isNotSignedInError, type Session, type SessionStore, type TokenSetInput } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'

/** Where the far side is. */
export interface World {
  readonly issuer: string
  readonly clientId: string
  readonly api: string
  /** Does what is asked of it there: POST to its paths. */
  readonly hands: string
}

/** How often the session is refreshed. */
const refreshes = 20

/** Lives it, and returns what was seen of it; throws where something is not as it should be. */
export async function liveSession(
  world: World,
  store: SessionStore,
  signIn: (session: Session, world: World) => Promise<unknown> = signInWithTokens,
): Promise<string[]> {
  const { issuer, clientId, api, hands } = world
  const key = `life of ${crypto.randomUUID()}`
  const seen: string[] = []
  const grant = refreshTokenGrant({ issuer, clientId })
  const open = () => createSession({ key, store, grant, allowedOrigins: [api] })
  const session = open()
  session.on('*', ({ type }) => seen.push(type))
  await signIn(session, world)
  const authorizedFetch = createFetch(session)
  await expectAnswer(authorizedFetch, api)

  const values = new Set<string>()
  for (let count = 0; count < refreshes; count += 1) values.add((await session.refresh()).value)
  expect(values.size === refreshes, `${values.size} of ${refreshes} refreshes brought a new token`)

  await expectAnswer(authorizedFetch, api)
  await askHands(hands, 'revoke-access-token')
  await expectAnswer(authorizedFetch, api)
  const concurrent = Array.from({ length: 5 }, () => expectAnswer(authorizedFetch, api))
  await Promise.all(concurrent)

  await rideOutOutage()
  await expectAnswer(authorizedFetch, api)

  // As another start of the program would.
  const later = open()
  expect((await later.getAccessToken()).generation === (await session.getAccessToken()).generation, 'it is not kept')
  await later.close()

  await session.signOut()
  const error = await authorizedFetch(`${api}/orders`).catch((thrown: unknown) => thrown)
  expect(isNotSignedInError(error), `after the sign-out there was ${String(error)}`)
  await session.close()
  return seen

  /** The caller waits while there is no answer. */
  async function rideOutOutage(): Promise<void> {
    const { generation } = await session.getAccessToken()
    const failed = new Promise<void>((resolve) => {
      const end = session.on('refreshFailed', () => {
        end()
        resolve()
      })
    })
    await askHands(hands, 'go-down')
    const waiting = session.getAccessToken({ newerThan: generation })
    await failed
    await askHands(hands, 'come-back')
    expect((await waiting).generation > generation, 'the wait brought no newer token')
  }
}

async function expectAnswer(authorizedFetch: typeof fetch, api: string): Promise<void> {
  const response = await authorizedFetch(`${api}/orders`, { method: 'POST', body: 'one' })
  const text = await response.text()
  expect(response.status === 200, `the API answered ${response.status} ${text}`)
}

async function signInWithTokens(session: Session, { hands }: World): Promise<void> {
  await session.signIn((await askHands(hands, 'sign-in')) as TokenSetInput)
}

/** Has the far side do something, and gives what it answers. */
export async function askHands(hands: string, what: string, body?: string): Promise<unknown> {
  const response = await fetch(`${hands}/${what}`, { method: 'POST', body })
  expect(response.ok, `${what} was answered ${response.status}`)
  return response.json()
}

/** There is no `node:assert` in all of them. */
function expect(claim: boolean, otherwise: string): asserts claim {
  if (!claim) throw new Error(`In a session's life: ${otherwise}.`)
}

/** The test's Worker: the example beside what runs in `workerd` for the test alone. */
import { createSession, memoryStore } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { storeContract } from '@authchart/core/testing'
import { durableObjectStore, type ObjectStorage } from '../../../examples/durable-object/durable-object-store.ts'
import example from '../../../examples/durable-object/worker.ts'
import { liveSession, type World } from './session-life.ts'

export { SessionObject } from '../../../examples/durable-object/worker.ts'

/** What making a session comes to where Workers have no timers. */
const atModuleScope = tryMakingSession()

function tryMakingSession(): string {
  try {
    createSession({
      key: 'module scope',
      store: memoryStore(),
      grant: refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme' }),
    })
    return 'made'
  } catch (error) {
    return String(error)
  }
}

type ObjectState = { readonly storage: ObjectStorage & { deleteAll(): Promise<void> } }

/** Holds the store of the example to its contract, and lives a session's life in an object. */
export class TestObject {
  readonly #storage: ObjectState['storage']

  constructor({ storage }: ObjectState) {
    this.#storage = storage
  }

  async fetch(request: Request): Promise<Response> {
    const storage = this.#storage
    const world = (await request.json()) as World
    if (request.url.endsWith('/life')) return Response.json(await liveSession(world, durableObjectStore(storage)))
    const cases = await storeContract(
      async () => {
        await storage.deleteAll()
        const store = durableObjectStore(storage)
        return { open: () => store }
      },
      { cryptoKeys: 'refused', patienceMilliseconds: 30_000 },
    )
    const broken: string[] = []
    for (const { name, run } of cases) {
      await run().catch((error: unknown) => void broken.push(`${name}: ${String(error)}`))
    }
    return Response.json({ cases: cases.length, broken })
  }
}

type TestEnvironment = Parameters<typeof example.fetch>[1] & {
  readonly TESTS: TestEnvironment['SESSIONS']
}

export default {
  async fetch(request: Request, environment: TestEnvironment): Promise<Response> {
    const { pathname } = new URL(request.url)
    try {
      if (pathname === '/module-scope') return new Response(atModuleScope)
      if (pathname === '/memory')
        return Response.json(await liveSession((await request.json()) as World, memoryStore()))
      if (pathname.startsWith('/object/')) return await environment.TESTS.getByName(pathname).fetch(request)
      return await example.fetch(request, environment)
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  },
}

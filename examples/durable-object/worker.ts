import { createSession, isNotSignedInError, isSessionEndedError, type Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { durableObjectStore, type ObjectStorage } from './durable-object-store.ts'

interface Environment {
  readonly ISSUER: string
  readonly CLIENT_ID: string
  readonly API: string
  readonly SESSIONS: { getByName(name: string): { fetch(request: Request): Promise<Response> } }
}

/** The session of one user, and the only one that sees its tokens. It calls the API for the Worker. */
export class SessionObject {
  readonly #session: Session
  readonly #fetch: typeof fetch
  readonly #api: string

  constructor({ storage }: { readonly storage: ObjectStorage }, { ISSUER, CLIENT_ID, API }: Environment) {
    this.#api = API
    this.#session = createSession({
      key: 'session',
      store: durableObjectStore(storage),
      grant: refreshTokenGrant({ issuer: ISSUER, clientId: CLIENT_ID }),
      allowedOrigins: [API],
    })
    this.#fetch = createFetch(this.#session)
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    if (pathname === '/sign-in') {
      await this.#session.signIn(await request.json())
      return new Response(null, { status: 204 })
    }
    if (pathname === '/sign-out') {
      await this.#session.signOut()
      return new Response(null, { status: 204 })
    }
    try {
      const body = request.body === null ? undefined : await request.arrayBuffer()
      return await this.#fetch(`${this.#api}${pathname}${search}`, { method: request.method, body })
    } catch (error) {
      const isOver = isNotSignedInError(error) || isSessionEndedError(error)
      return new Response(null, { status: isOver ? 401 : 503 })
    }
  }
}

export default {
  /** `/alice/orders` is asked for alice. Your app knows from its own cookie who asks, and who may sign in. */
  async fetch(request: Request, { SESSIONS }: Environment): Promise<Response> {
    const url = new URL(request.url)
    const [, user = '', ...path] = url.pathname.split('/')
    url.pathname = path.join('/')
    return SESSIONS.getByName(user).fetch(new Request(url, request))
  },
}

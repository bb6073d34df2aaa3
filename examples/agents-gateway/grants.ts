import { createSession, type Session, type SessionStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import type { Provider } from './configuration.ts'
import type { Metrics } from './metrics.ts'

/** One user's grant to one provider, open in this process. */
export interface Grant {
  readonly session: Session
  /** Sends requests to the provider's API with the user's token. */
  readonly fetch: typeof globalThis.fetch
}

/** The grants that this process has open: those in use, of however many there are in the store. */
export interface Grants extends AsyncDisposable {
  /** Runs some work on a grant, which stays open meanwhile. */
  use<Result>(which: { user: string; provider: Provider }, work: (grant: Grant) => Promise<Result>): Promise<Result>
  readonly openCount: number
}

interface OpenGrant extends Grant {
  users: number
  usedAt: number
}

const idleMilliseconds = 60_000

/** Under which key a grant is stored: all of a provider's lie together. */
function grantKey(user: string, provider: Pick<Provider, 'name'>): string {
  return `${provider.name}:${user}`
}

/** Opens grants when they are used, and closes those that are idle: a session is cheap, and none is kept for nothing. */
export function createGrants({ store, metrics }: { store: SessionStore; metrics: Metrics }): Grants {
  const open = new Map<string, OpenGrant>()
  // What a provider's sessions share: its metadata is asked for once, not per user.
  const grants = new Map<string, ReturnType<typeof refreshTokenGrant>>()
  const sweeper = setInterval(closeIdle, idleMilliseconds / 4)
  sweeper.unref()

  function grantOf({ name, issuer, clientId, clientSecret }: Provider) {
    const grant = grants.get(name) ?? refreshTokenGrant({ issuer, clientId, clientSecret })
    grants.set(name, grant)
    return grant
  }

  function openGrant(key: string, provider: Provider): OpenGrant {
    const session = createSession({
      key,
      store,
      grant: grantOf(provider),
      allowedOrigins: [new URL(provider.apiUrl).origin],
      signInHint: `let the user open /connect/${provider.name} again`,
    })
    session.on('*', ({ type }) => metrics.count('gateway_notices', { provider: provider.name, type }))
    // Each call says what is wrong with the store, if anything is.
    session.ready.catch(() => {})
    return { session, fetch: createFetch(session), users: 0, usedAt: Date.now() }
  }

  function closeIdle(): void {
    for (const [key, grant] of open) {
      if (grant.users > 0 || Date.now() - grant.usedAt < idleMilliseconds) continue
      open.delete(key)
      void grant.session[Symbol.asyncDispose]()
    }
  }

  return {
    get openCount() {
      return open.size
    },
    async use({ user, provider }, work) {
      const key = grantKey(user, provider)
      const grant = open.get(key) ?? openGrant(key, provider)
      open.set(key, grant)
      grant.users += 1
      try {
        return await work(grant)
      } finally {
        grant.users -= 1
        grant.usedAt = Date.now()
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweeper)
      // Each finishes a refresh under way, and stores it.
      await Promise.all([...open.values()].map(({ session }) => session[Symbol.asyncDispose]()))
    },
  }
}

/** A page of an app that moves here from another library: it still has that library, and does what the test says. */
import { Auth0Client } from '@auth0/auth0-spa-js'
import { indexedDbStore } from '@authchart/browser-store'
import { takeOverAuth0, takeOverOidcClient } from '@authchart/browser-store/migrate'
import { createSession } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { UserManager, WebStorageStateStore } from 'oidc-client-ts'

const { origin } = location
const clientId = 'acme-web'
const redirectUri = `${origin}/callback`

/** What each library does for itself. */
const libraries = {
  'oidc-client-ts'() {
    const manager = new UserManager({
      authority: origin,
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: 'openid offline_access',
      userStore: new WebStorageStateStore({ store: localStorage }),
    })
    return {
      begin: () => manager.signinRedirect(),
      complete: async () => void (await manager.signinRedirectCallback()),
      isSignedIn: async () => (await manager.getUser()) !== null,
      letExpire: async () => {},
    }
  },
  'auth0-spa-js'() {
    const client = new Auth0Client({
      domain: origin,
      clientId,
      useRefreshTokens: true,
      cacheLocation: 'localstorage',
      authorizationParams: { redirect_uri: redirectUri },
    })
    return {
      begin: () => client.loginWithRedirect(),
      complete: async () => void (await client.handleRedirectCallback()),
      isSignedIn: () => client.isAuthenticated(),
      /** Two hours later, it removes an access token that has expired when it is asked for one. */
      async letExpire() {
        const { now } = Date
        Date.now = () => now() + 7_200_000
        await client.getTokenSilently({ cacheMode: 'cache-only' }).catch(() => {})
        Date.now = now
      },
    }
  },
}

const takeOver = {
  'oidc-client-ts': (session: Parameters<typeof takeOverOidcClient>[0]) =>
    takeOverOidcClient(session, { authority: origin, clientId, storage: localStorage }),
  'auth0-spa-js': (session: Parameters<typeof takeOverAuth0>[0]) => takeOverAuth0(session, { clientId }),
}

export type Library = keyof typeof libraries

/** What the test finds in the page as `migration`. */
const page = {
  libraries,
  /** What an app does when it is loaded after the move; `signOut` at the end. */
  async move(library: Library, { refreshes = false, signOut = false } = {}) {
    const grant = refreshTokenGrant({ issuer: `${origin}/`, clientId })
    await using session = createSession({ key: 'acme', store: indexedDbStore(), grant })
    const isTakenOver = await takeOver[library](session)
    if (refreshes) await session.refresh()
    const { signedIn } = await session.ready.then(() => session.getSnapshot())
    const subject = session.claims?.sub
    if (signOut) await session.signOut()
    return { isTakenOver, signedIn, subject, left: Object.keys(localStorage) }
  },
}

declare global {
  var migration: typeof page
}
globalThis.migration = page

/// <reference types="vite/client" />

import { indexedDbStore } from '@authchart/browser-store'
import { beginRedirect, completeRedirect } from '@authchart/browser-store/redirect'
import { createSession, type Session } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { readConfiguration } from './ask-stage-hands.ts'
import { environment, pluggedFetch } from './plug.ts'

const { issuer, clientId, apiOrigin } = await readConfiguration()

/** The authorization server, and who we are to it. */
const client = { issuer, clientId, fetch: pluggedFetch }
const redirectUri = '/callback'

export { apiOrigin }

// Hot reload makes this module anew, and with it the session: the old one must not live on. Not by `hot.dispose`, which
// Vite calls for modules only that accept themselves or are accepted by name: this one's importers are made anew.
const hot = import.meta.hot
await (hot?.data.session as Session | undefined)?.[Symbol.asyncDispose]()

/** The page's one session: made here, once, and nowhere in a component. */
export const session = createSession({
  // The servers of this example are others each time it starts.
  key: `spa@${new URL(issuer).host}`,
  store: indexedDbStore(),
  grant: refreshTokenGrant(client),
  allowedOrigins: [apiOrigin],
  runtime: { environment },
})
if (hot) hot.data.session = session

/** Leaves the page for the authorization server. */
export function signIn(): Promise<void> {
  return beginRedirect(session, {
    ...client,
    redirectUri,
    scope: 'openid offline_access',
    prompt: 'consent',
    loginHint: 'alice',
  })
}

/** Comes back from there, if that is where the page comes from. To be called on every load. */
export const arrive = () => completeRedirect(session, { ...client, redirectUri })

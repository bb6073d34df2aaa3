/// <reference types="vite/client" />

import { indexedDbStore } from '@authchart/browser-store'
import { beginRedirect, completeRedirect } from '@authchart/browser-store/redirect'
import { createSession, type Session } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { readConfiguration } from './ask-stage-hands.ts'
import { environment, pluggedFetch } from './plug.ts'

const { issuer, clientId, apiOrigin } = await readConfiguration()

/** The authorization server, and our client there. */
const client = { issuer, clientId, fetch: pluggedFetch }
const redirectUri = '/callback'

export { apiOrigin }

// Hot reload runs this module again and makes a new session: close the old one. Not in `hot.dispose`: Vite calls that only
// for modules that accept themselves or are accepted by name, and here it reloads the importers.
const hot = import.meta.hot
await (hot?.data.session as Session | undefined)?.close()

/** The page's one session: created here, once, not in a component. */
export const session = createSession({
  // This example has new servers each time it starts.
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
    loginHint: 'alice',
  })
}

/** Completes the sign-in, if the page comes back from there. Call it on every load. */
export const arrive = () => completeRedirect(session, { ...client, redirectUri })

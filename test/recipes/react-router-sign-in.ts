import { randomBytes } from 'node:crypto'
import type { Session } from '@authchart/core'
import { type AuthorizationServerOptions, beginAuthorization, completeAuthorization } from '@authchart/core/oauth'
import { createCookie, data, type LoaderFunctionArgs, redirect } from 'react-router'

const options = { httpOnly: true, secure: true, sameSite: 'lax' } as const
const signingIn = createCookie('signing-in', { ...options, path: '/callback', maxAge: 600 })
/** Names the session. No script in the page can read it. */
export const sessionCookie = createCookie('session', { ...options, path: '/' })

interface Site {
  readonly server: AuthorizationServerOptions
  readonly publicUrl: string
  /** Opens the session of a name, or gives the one that is open. */
  readonly openSession: (id: string) => Session
}

/** The loaders of the routes `/sign-in` and `/callback`: `export const loader = createLoaders(site).signIn` */
export function createLoaders({ server, publicUrl, openSession }: Site) {
  const redirectUri = `${publicUrl}/callback`
  return {
    async signIn() {
      const request = { redirectUri, scope: 'openid offline_access' }
      const { url, transaction } = await beginAuthorization({ ...server, ...request })
      return redirect(url, { headers: { 'set-cookie': await signingIn.serialize(transaction) } })
    },
    async callback({ request }: LoaderFunctionArgs) {
      const transaction = await signingIn.parse(request.headers.get('cookie'))
      if (transaction === null) throw data('No sign-in was begun in this browser.', 400)
      const tokens = await completeAuthorization(transaction, redirectUri + new URL(request.url).search, server)
      const id = randomBytes(32).toString('base64url') // A new name: another person may know the old one.
      await openSession(id).signIn(tokens)
      return redirect('/orders', { headers: { 'set-cookie': await sessionCookie.serialize(id) } })
    },
  }
}

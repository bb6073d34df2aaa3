import { createHash, randomBytes } from 'node:crypto'
import { createSession, type Session, type SessionStore } from '@authchart/core'
import { authorizationServer, refreshTokenGrant } from '@authchart/core/oauth'
import { fileStore } from '@authchart/node-store'
import { cookies } from 'next/headers'

/** What the server is told by its environment. Read when a request comes: `next build` knows none of it. */
export const configuration = () => ({
  server: authorizationServer({ issuer: variable('ISSUER'), clientId: variable('CLIENT_ID') }),
  apiUrl: variable('API_URL'),
  publicUrl: variable('PUBLIC_URL'),
})

const cookieName = 'session'
const idleMilliseconds = 60_000
const open = new Map<string, { readonly session: Session; readonly timer: NodeJS.Timeout }>()
let store: SessionStore | undefined

/** The session that the browser's cookie names. */
export async function currentSession(): Promise<Session | undefined> {
  const id = (await cookies()).get(cookieName)?.value
  return id === undefined ? undefined : openSession(id)
}

/** A new session for this browser. Its name is new too: another person may know the one of before the sign-in. */
export async function newSession(): Promise<Session> {
  const id = randomBytes(32).toString('base64url')
  const secure = configuration().publicUrl.startsWith('https:')
  // Lax, since people come by links; script in the page cannot read it.
  ;(await cookies()).set(cookieName, id, { httpOnly: true, secure, sameSite: 'lax', path: '/' })
  return openSession(id)
}

export async function forgetSession(): Promise<void> {
  await (await currentSession())?.signOut()
  ;(await cookies()).delete(cookieName)
}

/** Open while it is used, and for a minute after that: what all processes share is in the store. */
function openSession(id: string): Session {
  const known = open.get(id)
  if (known !== undefined) {
    known.timer.refresh()
    return known.session
  }
  const { server, apiUrl } = configuration()
  store ??= fileStore({ directory: variable('SESSION_FOLDER'), key: Buffer.from(variable('SESSION_KEY'), 'base64') })
  const session = createSession({
    // Who reads the store cannot make a cookie of it.
    key: createHash('sha256').update(id).digest('base64url'),
    store,
    grant: refreshTokenGrant(server),
    allowedOrigins: [apiUrl],
  })
  session.ready.catch(() => {}) // Each call says what is wrong with the store.
  const timer = setTimeout(() => {
    open.delete(id)
    void session.close()
  }, idleMilliseconds)
  timer.unref()
  open.set(id, { session, timer })
  return session
}

function variable(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`The environment variable ${name} is missing.`)
  return value
}

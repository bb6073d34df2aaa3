import { timingSafeEqual } from 'node:crypto'
import {
  isNotSignedInError,
  isRefreshUnavailableError,
  isSessionEndedError,
  isSignInError,
  isStoreError,
} from '@authchart/core'
import { type AuthorizationTransaction, beginAuthorization, completeAuthorization } from '@authchart/core/oauth'
import { type Context, Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Configuration, Provider } from './configuration.ts'
import type { Grants } from './grants.ts'
import type { Metrics } from './metrics.ts'
import { createCookieSeal } from './sealed-cookie.ts'

/** A sign-in between its beginning and its end. */
interface Connecting {
  readonly user: string
  readonly provider: string
  readonly transaction: AuthorizationTransaction
}

const cookieName = 'connecting'
/** How long a user may take at the provider, in seconds. */
const connectingSeconds = 600

/**
 * The gateway: `/connect/:provider?user=` and `/callback` get a user's grant; `/call/:provider/:user/…` calls the
 * provider's API with it; `/healthz` and `/metrics` say how it goes.
 */
export function createGateway(
  configuration: Configuration,
  { grants, metrics }: { grants: Grants; metrics: Metrics },
): Hono {
  const { providers, publicUrl, gatewayKey, sessionKey } = configuration
  const cookies = createCookieSeal(sessionKey)
  const redirectUri = `${publicUrl}/callback`
  const app = new Hono()

  app.get('/healthz', (context) => context.json({ status: 'ok', process: process.pid, open: grants.openCount }))

  app.get('/metrics', async (context) => {
    if (!isKey(context, gatewayKey)) return context.json({ error: 'keyMissing' }, 401)
    const headers = { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' }
    return context.body(await metrics.render(), 200, headers)
  })

  // What browsers come to, they come to by its own name, and from no page of another site.
  for (const path of ['/connect/*', '/callback']) {
    app.use(path, (context, next) => {
      const { host, origin } = new URL(publicUrl)
      const isOwn = context.req.header('host') === host && (context.req.header('origin') ?? origin) === origin
      return isOwn ? next() : Promise.resolve(context.json({ error: 'foreignRequest' }, 403))
    })
  }

  // In a service of yours, the user is who is signed in to it; here, who says so.
  app.get('/connect/:provider', async (context) => {
    const provider = find(providers, context.req.param('provider'))
    const user = context.req.query('user') ?? ''
    if (provider === undefined || user === '') return context.json({ error: 'notFound' }, 404)
    const { issuer, clientId, clientSecret, scope } = provider
    const begun = await beginAuthorization({
      issuer,
      clientId,
      clientSecret,
      scope,
      redirectUri,
      loginHint: user,
    })
    const connecting: Connecting = { user, provider: provider.name, transaction: begun.transaction }
    const secure = publicUrl.startsWith('https:')
    // Lax: the provider leads the browser back from its own site.
    const cookie = { httpOnly: true, secure, sameSite: 'Lax', path: '/callback', maxAge: connectingSeconds } as const
    setCookie(context, cookieName, cookies.seal(connecting), cookie)
    return context.redirect(begun.url)
  })

  app.get('/callback', async (context) => {
    const connecting = cookies.open(getCookie(context, cookieName) ?? '') as Connecting | undefined
    deleteCookie(context, cookieName, { path: '/callback' })
    const provider = connecting && find(providers, connecting.provider)
    if (connecting === undefined || provider === undefined) return context.json({ error: 'signInUnknown' }, 400)
    const { issuer, clientId, clientSecret } = provider
    const { search } = new URL(context.req.url)
    const { transaction, user } = connecting
    const tokens = await completeAuthorization(transaction, redirectUri + search, { issuer, clientId, clientSecret })
    await grants.use({ user, provider }, ({ session }) => session.signIn(tokens))
    metrics.count('gateway_connections', { provider: provider.name })
    return context.json({ connected: provider.name, user })
  })

  app.all('/call/:provider/:user/*', async (context) => {
    if (!isKey(context, gatewayKey)) return context.json({ error: 'keyMissing' }, 401)
    const { provider: name, user } = context.req.param()
    const provider = find(providers, name)
    if (provider === undefined) return context.json({ error: 'notFound' }, 404)
    const { pathname, search } = new URL(context.req.url)
    const path = pathname.split('/').slice(4).join('/')
    const { method } = context.req
    // Read, so that it can be sent again after a rejection.
    const body = method === 'GET' || method === 'HEAD' ? undefined : await context.req.arrayBuffer()
    const response = await grants.use({ user, provider }, (grant) =>
      grant.fetch(`${provider.apiUrl}/${path}${search}`, { method, body, signal: context.req.raw.signal }),
    )
    metrics.count('gateway_calls', { provider: name, status: String(response.status) })
    const type = response.headers.get('content-type')
    // What the provider rejects is not what this caller has authenticated with.
    const status = response.status === 401 ? 502 : response.status
    return new Response(response.body, { status, headers: type === null ? {} : { 'content-type': type } })
  })

  app.onError((error, context) => {
    const { status, retryAfter, code, reason } = describe(error)
    metrics.count('gateway_failures', { code })
    if (retryAfter !== undefined) context.header('retry-after', String(retryAfter))
    return context.json({ error: code, reason }, status)
  })
  return app
}

interface Failure {
  readonly status: 400 | 403 | 502 | 503
  /** In seconds. */
  readonly retryAfter?: number
  readonly code: string
  /** Why the grant is over. */
  readonly reason?: string
}

/** What a caller is told: never 401, since nothing is wrong with how it has authenticated. */
function describe(error: unknown): Failure {
  if (isRefreshUnavailableError(error))
    return { status: 503, retryAfter: secondsUntil(error.retryAt), code: error.code }
  // Only the user can help: through /connect.
  if (isSessionEndedError(error)) return { status: 403, code: 'connectNeeded', reason: error.reason }
  if (isNotSignedInError(error)) return { status: 403, code: 'connectNeeded' }
  if (isSignInError(error)) return { status: 400, code: error.code }
  if (isStoreError(error)) return { status: 503, retryAfter: 5, code: error.code }
  return { status: 502, code: 'providerFailed' }
}

function secondsUntil(time: number | undefined): number {
  return time === undefined ? 5 : Math.max(1, Math.ceil((time - Date.now()) / 1000))
}

function find(providers: readonly Provider[], name: string): Provider | undefined {
  return providers.find((provider) => provider.name === name)
}

function isKey(context: Context, expected: string): boolean {
  const [given, wanted] = [Buffer.from(context.req.header('x-gateway-key') ?? ''), Buffer.from(expected)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { createSession, memoryStore, type Session, type SessionNotice } from '@authchart/core'
import {
  type AuthorizationServerOptions,
  beginAuthorization,
  completeAuthorization,
  refreshTokenGrant,
} from '@authchart/core/oauth'
import type { ProviderPreset } from '@authchart/core/providers'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { type HttpAnswer, jsonAnswer, writeAnswer } from '../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../authorization-server/loopback-server.ts'
import { collectNotices } from '../support/notices.ts'
import { sessionKey } from '../support/signed-in-session.ts'

/** A provider as its preset knows it, and what its servers answer. */
export interface Scene {
  readonly name: string
  readonly preset: ProviderPreset
  /** Parameters of the callback besides `code` and `state`. */
  readonly callback?: Readonly<Record<string, string>>
  /** A token response. */
  tokens(tokens: { access_token: string; refresh_token: string }, isSignIn: boolean): Record<string, unknown>
  /** What the sign-in asks for; with `openid` an id token comes, without the nonce. */
  readonly scope?: string
  /** Whether the token endpoint refuses a sign-in with PKCE. */
  readonly refusesCodeVerifier?: boolean
  readonly rotates: boolean
  /** Whether its token endpoint takes JSON rather than a form. */
  readonly takesJson?: boolean
  readonly revokes?: boolean
  /** How long a sign-in lasts from each answer, in milliseconds, where the answer says so. */
  readonly signInLasts?: number
  readonly details?: Readonly<Record<string, unknown>>
  /** How its API wants tokens; default `authorization` and `Bearer`. */
  readonly header?: string
  readonly scheme?: string
  /** What its API says of a token that has expired. Default: a bare 401. */
  readonly apiRejection?: HttpAnswer
  /** What the token endpoint says of a fault that passes, and of a dead refresh token. */
  readonly passing: HttpAnswer
  readonly dead: HttpAnswer
}

const secret = 'secret-of-the-app'
const redirectUri = 'http://127.0.0.1/callback'

/** A token endpoint as the provider has it, over a real socket. */
interface ProviderServer {
  readonly origin: string
  refreshes: number
  /** Those that were answered with tokens, in order. */
  readonly refreshTokens: string[]
  readonly revoked: string[]
  /** In place of tokens, from now on. */
  answer: HttpAnswer | undefined
  /** Those that the API takes. */
  readonly accessTokens: Set<string>
  close(): Promise<void>
}

async function startServer(scene: Scene): Promise<ProviderServer> {
  let issued = 0
  const spent = new Set<string>()
  const listener = await startLoopbackServer((request, response) => void handle(request, response))

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    if (request.url === '/revoke') {
      server.revoked.push(new URLSearchParams(body).get('token') ?? '')
      return void writeAnswer(response, { status: 200 })
    }
    if (request.url !== '/token') return void writeAnswer(response, { status: 404 })
    void writeAnswer(response, answerTo(request, body))
  }

  function answerTo({ headers }: IncomingMessage, body: string): HttpAnswer {
    const isJson = headers['content-type'] === 'application/json'
    if (isJson !== (scene.takesJson ?? false)) return { status: 415 }
    const form: Record<string, string> = isJson ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
    const isSignIn = form.grant_type === 'authorization_code'
    if (!isSignIn) server.refreshes += 1
    const isOfClient = headers.authorization === `Basic ${btoa(`app:${secret}`)}` || form.client_secret === secret
    const isRefused = scene.refusesCodeVerifier === true && form.code_verifier !== undefined
    if (!isOfClient || isRefused) return jsonAnswer(401, { error: 'invalid_client' })
    if (server.answer !== undefined) return server.answer
    const { refresh_token: used = '' } = form
    // Nothing forgives a token that is used twice.
    if (!isSignIn && (used === '' || (scene.rotates && spent.has(used)))) return scene.dead
    if (!isSignIn) server.refreshTokens.push(used)
    spent.add(used)
    issued += 1
    const access = `access-token-${issued}`
    server.accessTokens.clear()
    server.accessTokens.add(access)
    const tokens = scene.tokens({ access_token: access, refresh_token: `refresh-token-${issued}` }, isSignIn)
    const hasIdToken = isSignIn && scene.scope === 'openid'
    return jsonAnswer(200, hasIdToken ? { ...tokens, id_token: createIdToken(server.origin) } : tokens)
  }

  const server: ProviderServer = {
    origin: listener.origin,
    refreshes: 0,
    refreshTokens: [],
    revoked: [],
    answer: undefined,
    accessTokens: new Set(),
    close: () => listener.close(),
  }
  return server
}

function createIdToken(iss: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss, aud: 'app', sub: 'alice', iat: now, exp: now + 3600 }
  const parts = [{ alg: 'RS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return [...parts, 'signature'].join('.')
}

/** The provider's API: it takes what was issued last, in the way that it wants it. */
function startApi({ header = 'authorization', scheme = 'Bearer', apiRejection }: Scene, server: ProviderServer) {
  return startLoopbackServer((request, response) => {
    request.resume()
    const [given, token = given] = String(request.headers[header]).split(' ')
    const isRight = server.accessTokens.has(token ?? '') && (scheme === '' ? given === token : given === scheme)
    void writeAnswer(response, isRight ? jsonAnswer(200, { ok: true }) : (apiRejection ?? { status: 401 }))
  })
}

/** A session at a provider, with its preset, its servers on this machine. */
export interface ProviderWorld extends AsyncDisposable {
  readonly scene: Scene
  readonly server: ProviderServer
  readonly api: { readonly origin: string; expireTokens(): void }
  readonly session: Session
  readonly clock: SimulatedClock
  readonly notices: readonly SessionNotice[]
  /** By an authorization code, as an app does it. */
  signIn(): Promise<void>
}

export async function startProvider(scene: Scene): Promise<ProviderWorld> {
  const server = await startServer(scene)
  const api = await startApi(scene, server)
  const { preset } = scene
  const clock = createSimulatedClock({ now: Date.now() })
  const metadata = {
    ...preset.metadata,
    authorization_endpoint: `${server.origin}/authorize`,
    token_endpoint: `${server.origin}/token`,
    ...(preset.metadata?.revocation_endpoint === undefined ? {} : { revocation_endpoint: `${server.origin}/revoke` }),
  }
  const options = { ...preset, issuer: server.origin, metadata, clientId: 'app', clientSecret: secret }
  const session = createSession({
    key: sessionKey,
    store: memoryStore(),
    runtime: { clock, random: () => 0 },
    grant: refreshTokenGrant(options as AuthorizationServerOptions),
    allowedOrigins: [api.origin],
  })
  return {
    scene,
    server,
    api: { origin: api.origin, expireTokens: () => server.accessTokens.clear() },
    session,
    clock,
    notices: collectNotices(session),
    async signIn() {
      const { scope } = scene
      const { transaction } = await beginAuthorization({
        ...(options as AuthorizationServerOptions),
        redirectUri,
        scope,
      })
      const callback = new URL(redirectUri)
      for (const [name, value] of Object.entries({ code: 'code', state: transaction.state, ...scene.callback })) {
        callback.searchParams.set(name, value)
      }
      await session.signIn(await completeAuthorization(transaction, callback, options as AuthorizationServerOptions))
    },
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]()
      await Promise.all([api.close(), server.close()])
    },
  }
}

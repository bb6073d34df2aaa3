import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { jsonAnswer, writeAnswer } from '../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../authorization-server/loopback-server.ts'
import { createIdToken } from '../support/id-tokens.ts'

/** Two tenants, by their numbers, and who signs in at them. */
export const tenants = {
  alice: '9188040d-6c67-4c5b-b112-36a304b66dad',
  bob: '72f988bf-86f1-41af-91ab-2d7cd011db47',
} as const

/** A server that speaks for many tenants as Microsoft Entra does at `common`. */
export interface TenantServer extends AsyncDisposable {
  /** What an app names: none of the tenants. */
  readonly issuer: string
  readonly clientId: string
  /** What the endpoints were asked, by path. */
  readonly requests: string[]
  /** Who signs in next. */
  user: keyof typeof tenants
}

/**
 * Its metadata has `{tenantid}` in the issuer, and each id token names its tenant. There is no revocation endpoint.
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
 */
export async function startTenantServer(): Promise<TenantServer> {
  const grants = new Map<string, { user: keyof typeof tenants; nonce?: string }>()
  const server = await startLoopbackServer((request, response) => void answer(request, response))
  const issuer = `${server.origin}/common/v2.0`
  const tenantServer: TenantServer = {
    issuer,
    clientId: 'app',
    requests: [],
    user: 'alice',
    [Symbol.asyncDispose]: () => server.close(),
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', server.origin)
    const form = new URLSearchParams(await text(request))
    tenantServer.requests.push(url.pathname)
    switch (url.pathname) {
      case '/common/v2.0/.well-known/openid-configuration':
        return void writeAnswer(response, jsonAnswer(200, describeServer()))
      case '/common/oauth2/v2.0/authorize':
        return void writeAnswer(response, { status: 302, headers: { location: authorize(url.searchParams) } })
      case '/common/oauth2/v2.0/token':
        return void writeAnswer(response, issueTokens(form))
      default:
        return void writeAnswer(response, { status: 404 })
    }
  }

  function describeServer() {
    return {
      issuer: `${server.origin}/{tenantid}/v2.0`,
      authorization_endpoint: `${server.origin}/common/oauth2/v2.0/authorize`,
      token_endpoint: `${server.origin}/common/oauth2/v2.0/token`,
      end_session_endpoint: `${server.origin}/common/oauth2/v2.0/logout`,
      jwks_uri: `${server.origin}/common/discovery/v2.0/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['ES256'],
    }
  }

  function authorize(parameters: URLSearchParams): string {
    const code = randomUUID()
    const nonce = parameters.get('nonce')
    grants.set(code, { user: tenantServer.user, ...(nonce === null ? {} : { nonce }) })
    const callback = new URL(parameters.get('redirect_uri') ?? '')
    callback.searchParams.set('code', code)
    callback.searchParams.set('state', parameters.get('state') ?? '')
    return callback.href
  }

  function issueTokens(form: URLSearchParams) {
    const spent = form.get('code') ?? form.get('refresh_token') ?? ''
    const grant = grants.get(spent)
    grants.delete(spent)
    if (grant === undefined) return jsonAnswer(400, { error: 'invalid_grant', error_codes: [70000] })
    const { user, nonce } = grant
    const tid = tenants[user]
    const issuedAt = Math.floor(Date.now() / 1000)
    const refreshToken = `refresh-token-${randomUUID()}`
    grants.set(refreshToken, { user })
    return jsonAnswer(200, {
      token_type: 'Bearer',
      expires_in: 3599,
      access_token: `access-token-${randomUUID()}`,
      refresh_token: refreshToken,
      id_token: createIdToken({
        ...{ iss: `${server.origin}/${tid}/v2.0`, tid, sub: user, aud: 'app', nonce },
        ...{ iat: issuedAt, nbf: issuedAt, exp: issuedAt + 3600 },
      }),
    })
  }

  return tenantServer
}

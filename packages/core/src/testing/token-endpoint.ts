import { checkOptions, isObject, milliseconds, type OptionRules, required, ruleOf } from '../errors/check-options.ts'
import { checkFault } from './token-endpoint/check-fault.ts'
import { chooseAnswer, json } from './token-endpoint/choose-answer.ts'
import { createIdToken } from './token-endpoint/id-token.ts'
import { startListener } from './token-endpoint/listener.ts'
import type {
  TokenEndpoint,
  TokenEndpointAnswers,
  TokenEndpointFault,
  TokenEndpointOptions,
} from './token-endpoint/options.ts'
import { createRedirects } from './token-endpoint/sign-in-by-redirect.ts'
import { createTokenFamilies } from './token-endpoint/token-families.ts'

/**
 * Starts a token endpoint on 127.0.0.1 for your own tests, in Node: it rotates refresh tokens, revokes everything that
 * came of a sign-in when one is sent twice, and fails in the ways that it is told to.
 *
 * It knows the refresh token grant and signing in by redirect, and nothing else: it takes every client and scope, and its
 * id tokens are not signed. For all the rest, test against a real authorization server.
 *
 * @example
 * await using endpoint = await startTokenEndpoint({ expiresIn: 2 })
 * const session = createSession({
 *   key: 'test',
 *   store: memoryStore(),
 *   grant: refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'test' }),
 * })
 * await session.signIn(endpoint.signIn())
 * endpoint.failNext({ kind: 'cut', afterCommit: true }) // the answer to the next refresh is lost
 * await session.refresh()
 * @throws ConfigurationError for an option that is malformed or unknown
 */
export async function startTokenEndpoint(options: TokenEndpointOptions = {}): Promise<TokenEndpoint> {
  checkOptions(options, rules)
  const listener = await startListener((request) => endpoint.answer(request))
  const endpoint = createTokenEndpoint({ ...options, issuer: listener.origin })
  return { ...endpoint, [Symbol.asyncDispose]: listener.close }
}

/**
 * The same without a network, in Node and in pages: it answers the requests that you hand it, which a test catches by msw
 * or by the routes of Playwright.
 *
 * @example
 * const endpoint = createTokenEndpoint({ issuer: 'https://login.acme.example' })
 * const handlers = [
 *   http.all(`${endpoint.issuer}/*`, ({ request }) => endpoint.answer(request)),
 *   http.all('https://api.acme.example/*', ({ request }) => endpoint.rejection(request)),
 * ]
 * @throws ConfigurationError for an option that is missing, malformed or unknown
 */
export function createTokenEndpoint(options: TokenEndpointOptions & { readonly issuer: string }): TokenEndpointAnswers {
  checkOptions(options, { issuer: required(ruleOf('a URL, such as "https://login.acme.example"', isUrl)), ...rules })
  const { issuer, claims = { sub: 'alice' } } = options
  const place = issuer.replace(/\/$/, '')
  const families = createTokenFamilies(options)
  const redirects = createRedirects({ issuer, claims })
  const faults: TokenEndpointFault[] = []
  const counts = { requests: 0, issued: 0, refused: 0, reused: 0 }

  async function answerTokenRequest(form: URLSearchParams): Promise<Response> {
    if (form.get('grant_type') === 'authorization_code') {
      const tokens = await redirects.exchange(form, families.begin)
      return tokens === undefined ? json(400, { error: 'invalid_grant' }) : json(200, tokens)
    }
    counts.requests += 1
    return chooseAnswer(faults.shift(), () => {
      const outcome = families.refresh(form.get('refresh_token') ?? undefined)
      counts[outcome.kind === 'issued' || outcome.kind === 'repeated' ? 'issued' : 'refused'] += 1
      if (outcome.kind === 'reused') counts.reused += 1
      return outcome
    })
  }

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (/\/\.well-known\/(openid-configuration|oauth-authorization-server)/.test(pathname))
      return json(200, metadataOf(issuer, place))
    if (pathname.endsWith('/authorization')) return redirects.sendBack(searchParams)
    if (pathname.endsWith('/token') && request.method === 'POST') {
      return answerTokenRequest(new URLSearchParams(await request.text()))
    }
    return new Response('Not here.', { status: 404 })
  }

  return {
    issuer,
    tokenEndpoint: `${place}/token`,
    counts,
    async answer(request) {
      const response = await answer(request)
      // Pages of every origin may ask (Fetch standard, CORS protocol).
      if (response.type !== 'error') response.headers.set('access-control-allow-origin', '*')
      return response
    },
    rejection(request) {
      const [, token = ''] = request.headers.get('authorization')?.split(' ') ?? []
      if (families.accepts(token)) return undefined
      const headers = { 'www-authenticate': 'Bearer error="invalid_token"', 'access-control-allow-origin': '*' }
      return new Response(null, { status: 401, headers })
    },
    signIn() {
      const { access_token, refresh_token, expires_in } = families.begin()
      const idToken = options.claims && createIdToken({ ...claims, iss: issuer })
      return { accessToken: access_token, refreshToken: refresh_token, expiresIn: expires_in, idToken }
    },
    failNext(...next) {
      for (const fault of next) checkFault(fault)
      faults.push(...next)
    },
    clearFaults: () => void faults.splice(0),
    revoke: families.revoke,
    revokeAccessTokens: families.revokeAccessTokens,
  }
}

const rules: OptionRules<TokenEndpointOptions> = {
  expiresIn: ruleOf('a number of seconds', (value) => typeof value === 'number'),
  graceMilliseconds: milliseconds,
  claims: ruleOf("an object, such as { sub: 'alice' }", isObject),
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value)
}

function metadataOf(issuer: string, place: string) {
  return {
    issuer,
    token_endpoint: `${place}/token`,
    authorization_endpoint: `${place}/authorization`,
    jwks_uri: `${place}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    authorization_response_iss_parameter_supported: true,
    code_challenge_methods_supported: ['S256'],
  }
}

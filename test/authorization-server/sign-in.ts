import { createHash, randomBytes } from 'node:crypto'
import type { JWK } from 'jose'
import { createBrowser } from './browser.ts'
import { fetchWithProof } from './dpop-by-hand.ts'

/** A token response as it came over the wire. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly refresh_token?: string
  readonly id_token?: string
  readonly scope?: string
}

/** Who signs in, through what. */
export interface SignInRequest {
  readonly issuer: string
  readonly subject: string
  readonly client: { readonly id: string; readonly secret?: string; readonly redirectUri: string }
  readonly scope: string
  /** What the tokens are bound to. */
  readonly proofKey?: JWK | undefined
  /** The resource servers the tokens are for (RFC 8707). */
  readonly resource: readonly string[]
}

/**
 * Signs in as a browser would, by the authorization code flow with PKCE over HTTP.
 * @throws when the server answers anything but the next step
 * @see RFC 6749, section 4.1; RFC 7636
 */
export async function signInByCode(request: SignInRequest): Promise<TokenResponse> {
  const { issuer, subject, client, scope, proofKey, resource } = request
  const codeVerifier = randomBytes(32).toString('base64url')
  const authorizationUrl = new URL(`${issuer}/auth`)
  authorizationUrl.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: client.redirectUri,
    scope,
    // OpenID Connect Core, section 11: offline access is granted only where consent is asked for.
    prompt: 'consent',
    login_hint: subject,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  for (const uri of resource) authorizationUrl.searchParams.append('resource', uri)
  const callback = await createBrowser().visit(authorizationUrl, { until: client.redirectUri })
  const code = callback.searchParams.get('code')
  if (code === null) throw new Error(`Signing in was refused: ${callback.searchParams.get('error')}`)
  const exchange = {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: client.redirectUri,
      code_verifier: codeVerifier,
      client_id: client.id,
      // One token is for one resource server; the others come with refreshes.
      ...(resource[0] === undefined ? {} : { resource: resource[0] }),
      ...(client.secret === undefined ? {} : { client_secret: client.secret }),
    }),
  }
  const tokenEndpoint = new URL(`${issuer}/token`)
  const response = await (proofKey ? fetchWithProof(tokenEndpoint, exchange, proofKey) : fetch(tokenEndpoint, exchange))
  if (!response.ok) throw new Error(`Signing in failed at the token endpoint: ${response.status}`)
  return (await response.json()) as TokenResponse
}

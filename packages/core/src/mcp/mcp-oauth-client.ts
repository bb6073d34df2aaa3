/** The members of version 1's `OAuthClientProvider`, as the SDK needs them; nothing for an app to call. */
export interface McpOAuthClient {
  readonly redirectUrl: undefined
  readonly clientMetadata: { redirect_uris: string[] }
  /** The access token, and never a refresh token. */
  tokens(): Promise<{ access_token: string; token_type: string }>
  /** What version 1 asks for first when a request was rejected. */
  discoveryState(): Promise<ReturnType<typeof describeAnswer>>
  /** There from the first `discoveryState()` on. */
  clientInformation(): { client_id: string; issuer: string }
  validateResourceURL(): Promise<undefined>
  prepareTokenRequest(): URLSearchParams
  saveTokens(): void
  redirectToAuthorization(): never
  saveCodeVerifier(): void
  codeVerifier(): never
}

/**
 * What version 1 takes for an OAuth client.
 *
 * After a 401 version 1 sends a request again only if its own `auth()` was answered with tokens by a token endpoint. So
 * `discoveryState()`, the first thing that `auth()` asks for, gets the newer token from the session, and then names a
 * token endpoint that is a `data:` URL: its answer is in the URL, nothing leaves the program, and `saveTokens` drops it
 * (client/auth.js of `@modelcontextprotocol/sdk` 1.32: `authInternal`, `fetchToken`).
 *
 * Version 2 takes for an OAuth client what has both `tokens` and `clientInformation` when a transport is made, and would
 * then authorize by itself: so `clientInformation` comes when version 1 first needs it (`isOAuthClientProvider`).
 */
export function mcpOAuthClient(session: {
  token(): Promise<string>
  /** @throws SessionError when no newer token can be had: the call then fails with it */
  replaceRejected(): Promise<void>
}): McpOAuthClient {
  const client: Omit<McpOAuthClient, 'clientInformation'> & Partial<McpOAuthClient> = {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [] },
    tokens: async () => ({ access_token: await session.token(), token_type: 'Bearer' }),
    async discoveryState() {
      await session.replaceRejected()
      this.clientInformation = () => ({ client_id: 'session', issuer: nowhere })
      return describeAnswer()
    },
    validateResourceURL: async () => undefined,
    prepareTokenRequest: () => new URLSearchParams(),
    saveTokens() {},
    redirectToAuthorization: refuse,
    saveCodeVerifier() {},
    codeVerifier: refuse,
  }
  return client as McpOAuthClient
}

const nowhere = 'data:,'
const answer = `data:application/json,${encodeURIComponent('{"access_token":"as the session says","token_type":"Bearer"}')}`

function describeAnswer() {
  return {
    authorizationServerUrl: nowhere,
    resourceMetadata: { resource: nowhere },
    authorizationServerMetadata: {
      issuer: nowhere,
      authorization_endpoint: nowhere,
      token_endpoint: answer,
      response_types_supported: [] as string[],
    },
  }
}

function refuse(): never {
  throw new Error('The session signs in by itself: call `session.signIn` or one of the sign-in functions.')
}

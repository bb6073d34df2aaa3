import type { JWK } from 'jose'
import type { ClientMetadata, Provider } from 'oidc-provider'
import { createProvider, type Lifetimes } from './create-provider.ts'
import { answerDevice, type DeviceAnswer } from './device-page.ts'
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts'
import { createProviderStorage, type ProviderStorage } from './provider-storage.ts'
import { createRefreshTokenLedger, type RefreshTokenUse } from './refresh-token-ledger.ts'
import {
  boundClient,
  callback,
  publicClient,
  type RegisteredClient,
  registeredClients,
  secretBasicClient,
  secretPostClient,
  signedOutPage,
} from './registered-clients.ts'
import { signInByCode, type TokenResponse } from './sign-in.ts'
import { createTokenEndpoint, rotates } from './token-endpoint.ts'
import { createTokenEndpointFaults, type TokenEndpointFaults } from './token-endpoint-faults.ts'
import {
  createTokenRequestJournal,
  type TokenRequestCounts,
  type TokenRequestJournal,
  type TokenRequestListener,
  type TokenRequestRecord,
} from './token-request-journal.ts'

/** How an authorization server starts. */
export interface AuthorizationServerOptions {
  /** In whole seconds. Default: access token 3, refresh token 3600, id token 3600, device code 600. */
  readonly lifetimes?: Partial<Lifetimes>
  /** Clients besides `publicClient`, `secretBasicClient` and `secretPostClient`, as RFC 7591 metadata. */
  readonly clients?: readonly ClientMetadata[]
  /** Redirect addresses for the three clients besides `http://127.0.0.1/callback` (any port). */
  readonly redirectUris?: readonly string[]
  /** Below which path of its origin the issuer is, such as `/tenant/a`. Default: none. */
  readonly path?: string
  /** Whether authorization requests must be pushed (RFC 9126). Default false. */
  readonly requirePushedAuthorizationRequests?: boolean
  /** Whether `offline_access` is granted only with `prompt=consent`, as few servers want it. Default true. */
  readonly wantsPromptForOfflineAccess?: boolean
  /** The origin that the issuer names, where another server stands in front. Default: its own. */
  readonly publicOrigin?: string
  /** Default 0: any free one. */
  readonly port?: number
  /** Lets clients register themselves (RFC 7591). Default: not. */
  readonly registration?: { readonly initialAccessToken?: string }
  /**
   * Clients that are described by a document (draft-ietf-oauth-client-id-metadata-document), by its https URL, which is
   * their client id. Default: the server takes no such clients.
   */
  readonly clientDocuments?: Readonly<Record<string, ClientMetadata>>
  /** Whether a connection serves more than one request. Default true. */
  readonly keepsConnections?: boolean
  /** How many token requests the log remembers. Default 10,000. */
  readonly logLimit?: number
}

/** What the API learns about a bearer token. */
export interface AccessTokenFacts {
  readonly subject: string | undefined
  readonly clientId: string | undefined
  readonly scope: string | undefined
  /** The resource servers it is for (RFC 8707). */
  readonly audience: string | undefined
  /** The thumbprint of the key it is bound to, if it is bound to one (RFC 9449, section 6). */
  readonly thumbprint: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** A real authorization server on 127.0.0.1, with switches. */
export interface AuthorizationServer extends AsyncDisposable {
  readonly issuer: string
  /** Where it listens: the issuer's origin, unless another server stands in front. */
  readonly ownOrigin: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string
  /** The redirect address of the three clients; a port of its own may be put in. */
  readonly redirectUri: string
  /** Where the three clients may be sent after signing out at the server. */
  readonly signedOutPage: string
  readonly publicClient: RegisteredClient
  /** Its access tokens must be bound to a key. */
  readonly boundClient: RegisteredClient
  readonly secretBasicClient: Required<RegisteredClient>
  readonly secretPostClient: Required<RegisteredClient>
  /** Change them at any time: they are read for each token. */
  readonly lifetimes: Lifetimes
  /** How proofs are demanded (RFC 9449). Change it at any time. */
  readonly dpop: { requiresNonce: boolean }
  /** Resource servers besides `https://api.*.example`, with the scope of each. Change it at any time. */
  readonly resources: Map<string, string>
  readonly faults: TokenEndpointFaults
  readonly counts: TokenRequestCounts
  /** Every refresh token that was issued, in order of issue, without the token. */
  readonly refreshTokens: readonly RefreshTokenUse[]
  /** The latest token requests, oldest first. */
  readonly requests: readonly TokenRequestRecord[]
  /**
   * Signs in by the authorization code flow with PKCE, without a browser.
   * @param request default subject `alice`, client `publicClient`, scope `openid offline_access`; the tokens are bound to
   *   the `proofKey`, if there is one
   */
  signIn(request?: {
    subject?: string
    client?: RegisteredClient
    scope?: string
    proofKey?: JWK
    resource?: readonly string[]
  }): Promise<TokenResponse>
  /** The user of the next sign-in says no. */
  denyNextConsent(): void
  /** Does what a person does at the page of the device flow: types the user code, and agrees or not. */
  answerDevice(userCode: string, answer: DeviceAnswer): Promise<void>
  /** Resolves once the counts are as wanted; throws after `withinMilliseconds` (default 30,000). */
  until(
    isMet: (counts: TokenRequestCounts) => boolean,
    options?: { description?: string; withinMilliseconds?: number },
  ): Promise<void>
  /** Hears of each token request as it arrives and as it ends; returns a function that ends the subscription. */
  onTokenRequest(listener: TokenRequestListener): () => void
  /** Sets the counts and the log back; refresh tokens and their history stay known. */
  resetCounts(): void
  /** Ends every grant of the subject (of everybody when absent) at the server; the number of grants. */
  revokeGrant(subject?: string): number
  /** Ends one access token; its grant lives on. */
  revokeAccessToken(accessToken: string): Promise<void>
  /** Makes every access token that was issued so far expired for the API. */
  expireAccessTokens(): void
  /** What the access token stands for; `undefined` when it is unknown, revoked or expired. */
  findAccessToken(accessToken: string): Promise<AccessTokenFacts | undefined>
  /** Refuses connections and destroys the open ones until `comeBack`. */
  goDown(): Promise<void>
  /** Listens again on the same port; nothing is forgotten. */
  comeBack(): Promise<void>
  /** Resets the open connections and the next `times` (default 1) new ones before their request is read. */
  cutNewConnections(times?: number): Promise<void>
  close(): Promise<void>
}

/** Starts an authorization server of its own: nothing is shared with others in this process. */
export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const lifetimes: Lifetimes = {
    accessToken: 3600,
    refreshToken: 3600,
    idToken: 3600,
    deviceCode: 600,
    ...options.lifetimes,
  }
  const dpop = { requiresNonce: false }
  const resources = new Map<string, string>()
  const closing = new AbortController()
  const storage = createProviderStorage()
  const ledger = createRefreshTokenLedger()
  const journal = createTokenRequestJournal({ limit: options.logLimit ?? 10_000 })
  const faults = createTokenEndpointFaults()
  let handle: Parameters<typeof startLoopbackServer>[0] = (_request, response) => response.destroy()
  const listener = await startLoopbackServer((request, response) => handle(request, response), {
    port: options.port ?? 0,
    ...(options.keepsConnections === undefined ? {} : { keepsConnections: options.keepsConnections }),
  })
  const { path = '', publicOrigin = listener.origin } = options
  const issuer = `${publicOrigin}${path}`
  let denials = 0
  const provider = createProvider({
    issuer,
    clients: registeredClients(options),
    storage,
    lifetimes,
    requirePushedAuthorizationRequests: options.requirePushedAuthorizationRequests ?? false,
    deniesConsent: () => denials > 0 && denials-- > 0,
    registration: options.registration,
    wantsPromptForOfflineAccess: options.wantsPromptForOfflineAccess ?? true,
    clientDocuments: options.clientDocuments,
    resources,
    rotates: (context) => rotates(context, faults),
    requiresNonce: () => dpop.requiresNonce,
  })
  provider.use(createTokenEndpoint({ faults, ledger, journal, storage, closing: closing.signal }))
  provider.on('grant.revoked', () => journal.grantsRevoked(1))
  const answer = provider.callback()
  handle = (request, response) => {
    if (!request.url?.startsWith(`${path}/`)) {
      response.writeHead(404).end()
      return
    }
    if (path !== '') Object.assign(request, { originalUrl: request.url, url: request.url.slice(path.length) })
    if (request.method === 'POST' && request.url === '/token/revocation') journal.revocationRequested()
    void answer(request, response)
  }

  async function close(): Promise<void> {
    closing.abort()
    faults.clear()
    await listener.close()
  }

  return {
    issuer,
    ownOrigin: listener.origin,
    tokenEndpoint: `${issuer}/token`,
    revocationEndpoint: `${issuer}/token/revocation`,
    redirectUri: callback,
    signedOutPage,
    publicClient,
    boundClient,
    secretBasicClient,
    secretPostClient,
    lifetimes,
    dpop,
    resources,
    faults,
    get counts() {
      return journal.counts
    },
    get refreshTokens() {
      return ledger.uses()
    },
    get requests() {
      return journal.requests
    },
    signIn({
      subject = 'alice',
      client = publicClient,
      scope = 'openid offline_access',
      proofKey,
      resource = [],
    } = {}) {
      return signInByCode({
        issuer,
        subject,
        client: { ...client, redirectUri: callback },
        scope,
        proofKey,
        resource,
      })
    },
    denyNextConsent() {
      denials += 1
    },
    answerDevice: (userCode, given) => answerDevice(issuer, userCode, given),
    until: journal.until,
    onTokenRequest: journal.subscribe,
    resetCounts: journal.reset,
    ...grantControls({ provider, storage, journal }),
    ...reachability(listener),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function reachability({ goDown, comeBack, cutNewConnections }: LoopbackServer) {
  return { goDown, comeBack, cutNewConnections }
}

interface GrantParts {
  readonly provider: Provider
  readonly storage: ProviderStorage
  readonly journal: TokenRequestJournal
}

function grantControls({ provider, storage, journal }: GrantParts) {
  return {
    revokeGrant(subject?: string) {
      const revoked = storage.removeGrants(subject)
      journal.grantsRevoked(revoked)
      return revoked
    },
    async revokeAccessToken(accessToken: string) {
      await (await findToken(provider, accessToken))?.destroy()
    },
    expireAccessTokens: storage.expireAccessTokens,
    async findAccessToken(accessToken: string): Promise<AccessTokenFacts | undefined> {
      // The provider cuts expiry to whole seconds, up to one too early for a client that trusts `expires_in`.
      const token = await findToken(provider, accessToken)
      const expiresAt = storage.accessTokenEnd(accessToken) ?? 0
      if (!token || expiresAt <= Date.now()) return undefined
      return {
        subject: 'accountId' in token ? token.accountId : undefined,
        clientId: token.clientId,
        scope: token.scope,
        audience: token.aud === undefined ? undefined : [token.aud].flat().join(' '),
        thumbprint: token.jkt,
        expiresAt,
      }
    },
  }
}

async function findToken(provider: Provider, accessToken: string) {
  const token = await provider.AccessToken.find(accessToken, { ignoreExpiration: true })
  return token ?? provider.ClientCredentials.find(accessToken, { ignoreExpiration: true })
}

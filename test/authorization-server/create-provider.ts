import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { type ClientMetadata, errors, Provider } from 'oidc-provider'
import type { ProviderStorage } from './provider-storage.ts'

/** Lifetimes in whole seconds, read anew for each token that is issued. */
export interface Lifetimes {
  accessToken: number
  refreshToken: number
  idToken: number
  deviceCode: number
}

/** What the provider asks while it runs. */
export interface ProviderSettings {
  readonly issuer: string
  readonly clients: readonly ClientMetadata[]
  readonly storage: ProviderStorage
  readonly lifetimes: Lifetimes
  readonly requirePushedAuthorizationRequests: boolean
  /** Whether the user says no to the sign-in that is at the interaction now. */
  deniesConsent(): boolean
  /** Whether proofs must have the server's nonce. */
  requiresNonce(): boolean
  /** Lets clients register themselves (RFC 7591), with this initial access token where one is given. */
  readonly registration?: { readonly initialAccessToken?: string } | undefined
  /** Whether `offline_access` is granted only with `prompt=consent` (OpenID Connect Core, section 11). */
  readonly wantsPromptForOfflineAccess: boolean
  /** Clients that are described by a document, by its URL. */
  readonly clientDocuments?: Readonly<Record<string, ClientMetadata>> | undefined
  /** Resource servers besides those of this domain, with their scope. */
  readonly resources: ReadonlyMap<string, string>
  /** Whether the refresh that is being answered spends its refresh token. */
  rotates(context: object): boolean
}

// One key for the whole process: making keys is the slow part of starting a server.
const signingKey = {
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  kid: 'signing-key',
  use: 'sig',
  alg: 'ES256',
}

const interactionLifetime = 600
const sessionLifetime = 14 * 24 * 60 * 60

/**
 * The real `oidc-provider`, set up so that it rotates refresh tokens and has nothing to warn about.
 *
 * Every function it would otherwise warn about using the default of is given here.
 */
export function createProvider(settings: ProviderSettings): Provider {
  const { issuer, clients, storage, lifetimes, registration, clientDocuments, resources, rotates } = settings
  const { requirePushedAuthorizationRequests, requiresNonce } = settings
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  const provider = new Provider(issuer, {
    adapter: storage.adapter,
    clients: clients.map((client) => ({ id_token_signed_response_alg: 'ES256', ...client })),
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    clientBasedCORS: () => true,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clockTolerance: 0,
    cookies: { keys: [randomUUID()] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'], clientAuthSigningAlgValues: ['ES256', 'PS256', 'RS256'] },
    fetch: async (url) => {
      const document = clientDocuments?.[String(url)]
      return document === undefined ? new Response(null, { status: 404 }) : Response.json(document)
    },
    features: {
      clientIdMetadataDocument: { enabled: clientDocuments !== undefined, ack: 'draft-02' },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: showForm,
        userCodeConfirmSource: showForm,
        successSource: showSuccess,
      },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: requiresNonce },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests },
      registration: {
        enabled: registration !== undefined,
        initialAccessToken: registration?.initialAccessToken ?? false,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        getResourceServerInfo: (_context, resource) => describeResourceServer(resource, { resources, lifetimes }),
        useGrantedResource: () => true,
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(context, form) {
          context.body = form
        },
        postLogoutSuccessSource(context) {
          context.body = 'signed out'
        },
      },
    },
    findAccount: (_context, subject) => ({ accountId: subject, claims: () => ({ sub: subject }) }),
    interactions: { url: (_context, interaction) => `${path}/interaction/${interaction.uid}` },
    jwks: { keys: [signingKey] },
    pkce: { required: () => true },
    renderError(context, out) {
      context.body = out
    },
    rotateRefreshToken: rotates,
    scopes: ['openid', 'offline_access', 'api'],
    ttl: {
      AccessToken: () => lifetimes.accessToken,
      AuthorizationCode: 60,
      DeviceCode: () => lifetimes.deviceCode,
      ClientCredentials: () => lifetimes.accessToken,
      Grant: sessionLifetime,
      IdToken: () => lifetimes.idToken,
      Interaction: interactionLifetime,
      RefreshToken: () => lifetimes.refreshToken,
      Session: sessionLifetime,
    },
  })
  if (!settings.wantsPromptForOfflineAccess) provider.use(promptForOfflineAccess)
  provider.use(consentAtOnce(provider, settings))
  return provider
}

/** The scope of a resource server: `api` for each of this domain, and what the test says for its own (RFC 8707, section 2). */
function scopeOfResource(resource: string, resources: ReadonlyMap<string, string>): string | undefined {
  const isOurs = resource.startsWith('https://api.') && resource.endsWith('.example')
  return resources.get(resource) ?? (isOurs ? 'api' : undefined)
}

function describeResourceServer(
  resource: string,
  { resources, lifetimes }: Pick<ProviderSettings, 'resources' | 'lifetimes'>,
) {
  const scope = scopeOfResource(resource, resources)
  if (scope === undefined) throw new errors.InvalidTarget()
  return {
    scope,
    audience: resource,
    accessTokenFormat: 'opaque' as const,
    accessTokenTTL: lifetimes.accessToken,
  }
}

function showForm(context: { body?: unknown }, form: string): void {
  context.body = form
}

function showSuccess(context: { body?: unknown }): void {
  context.body = 'Signed in'
}

/** Most servers grant it without: the provider, which does not, is told that it was asked with. */
const promptForOfflineAccess: Parameters<Provider['use']>[0] = (context, next) => {
  const { scope, prompt } = context.query
  if (context.path === '/auth' && prompt === undefined && String(scope).includes('offline_access')) {
    context.query = { ...context.query, prompt: 'consent' }
  }
  return next()
}

/**
 * Logs in the subject named by `login_hint` and grants all that was asked for, without a page in between; or says no.
 *
 * A browser that has signed in at this client before gets the grant that it has, as oidc-provider's own example does:
 * sign-ins of one browser then share one grant.
 */
function consentAtOnce(
  provider: Provider,
  { deniesConsent, resources }: ProviderSettings,
): Parameters<Provider['use']>[0] {
  return async (context, next) => {
    if (!context.path.startsWith('/interaction/')) return next()
    const { params, prompt, session, grantId } = await provider.interactionDetails(context.req, context.res)
    const accountId = String(params.login_hint ?? session?.accountId ?? 'alice')
    context.respond = false
    if (deniesConsent()) {
      await provider.interactionFinished(context.req, context.res, { error: 'access_denied' })
      return
    }
    const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
    const grant =
      known?.accountId === accountId ? known : new provider.Grant({ accountId, clientId: String(params.client_id) })
    const scope = String(params.scope ?? 'openid')
    grant.addOIDCScope(scope)
    for (const resource of [params.resource ?? []].flat().map(String)) {
      grant.addResourceScope(resource, scopeOfResource(resource, resources) ?? '')
    }
    const consent = { grantId: await grant.save() }
    await provider.interactionFinished(
      context.req,
      context.res,
      prompt.name === 'login' ? { login: { accountId }, consent } : { consent },
      { mergeWithLastSubmission: true },
    )
  }
}

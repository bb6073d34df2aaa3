import { checkOptions, isObject, isText, type OptionRules, required, ruleOf, text } from '../errors/check-options.ts'
import { isSignInError, SignInError } from '../errors/sign-in-error.ts'
import { fitsScheme } from '../token/normalize-token-set.ts'
import { clientSecretPost } from './client-authentication.ts'
import { type AuthorizationServerOptions, isChecked, readServer, serverRules } from './server.ts'
import { findSignInMetadata, requestSignIn, signalRule, unavailable } from './sign-in-request.ts'

/** Options of `registerClient`. */
export interface ClientRegistrationOptions
  extends Pick<AuthorizationServerOptions, 'issuer' | 'metadata' | 'fetch' | 'userAgent'> {
  /** Where browsers may be sent after a sign-in; needed for the grant type `authorization_code`. */
  readonly redirectUris?: readonly string[]
  /** The name that users read when they are asked to agree. Default: none. */
  readonly clientName?: string
  /** Default: `authorization_code` and `refresh_token`. Without the latter, no session outlives its access token. */
  readonly grantTypes?: readonly string[]
  /** `native` for programs and apps on a device, `web` for services. Default `native`. */
  readonly applicationType?: 'native' | 'web'
  /** How the client proves who it is. Default `none`: it has no secret to keep. */
  readonly authenticationMethod?: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
  /** All that it may ever ask for, space-separated. Default: what the server gives. */
  readonly scope?: string
  /** What else the server is to know, such as `{ client_uri, logo_uri, jwks, software_id }` (RFC 7591, section 2). Default: nothing. */
  readonly extraMetadata?: Readonly<Record<string, unknown>>
  /** What the server has given out for registering clients; a secret. Default: none. */
  readonly initialAccessToken?: string
  /** Ends the wait for the server with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined
}

/** A client as the server has registered it. To be kept, with its secrets as such: registering again makes another one. */
export interface ClientRegistration {
  readonly clientId: string
  /** A secret. */
  readonly clientSecret?: string
  /** When the client secret expires, in milliseconds since the epoch; absent when it does not. */
  readonly clientSecretExpiresAt?: number
  /** What the client's registration is read, changed and removed with (RFC 7592); a secret. */
  readonly registrationAccessToken?: string
  readonly registrationClientUri?: string
  /** The metadata that the server has settled on, by the names of RFC 7591: perhaps not all that was asked for. No secret. */
  readonly granted: Readonly<Record<string, unknown>>
  /** For the options of every grant and sign-in: `{ issuer, ...registration.client }`. */
  readonly client: Pick<
    AuthorizationServerOptions,
    'clientId' | 'clientSecret' | 'clientAuthentication' | 'dynamicallyRegistered'
  >
}

/**
 * Registers a client at an authorization server that lets clients register themselves.
 *
 * @example
 * const { client, ...kept } = await registerClient({ issuer, clientName: 'Acme', redirectUris: ['http://127.0.0.1/'] })
 * const server = { issuer, ...client }
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @throws SignInError `refused`, with the server's `error` as `serverCode` (such as `invalid_redirect_uri`), also where
 *   the server registers no clients; `unavailable`
 * @throws the signal's reason
 * @see RFC 7591, section 3
 */
export async function registerClient(options: ClientRegistrationOptions): Promise<ClientRegistration> {
  const { server, asked } = readOptions(options)
  const { signal, initialAccessToken } = options
  signal?.throwIfAborted()
  const { registration_endpoint } = await findSignInMetadata(server, signal, 'registration_endpoint')
  try {
    const members = await requestSignIn(server, {
      url: registration_endpoint,
      purpose: 'for registering clients',
      json: asked,
      signal,
      secrets: initialAccessToken === undefined ? [] : [initialAccessToken],
    })
    return readRegistration(members)
  } catch (error) {
    const isRefusal = isSignInError(error) && error.code === 'refused' && registration_endpoint !== undefined
    throw isRefusal ? refused(error.serverCode) : error
  }
}

function refused(serverCode: string | undefined): SignInError {
  const code = serverCode === undefined ? '' : `: ${serverCode}`
  return new SignInError('refused', `The authorization server refused to register the client${code}.`, { serverCode })
}

/** @see RFC 7591, section 3.2.1 */
function readRegistration(members: Readonly<Record<string, unknown>>): ClientRegistration {
  const {
    client_secret: clientSecret,
    registration_access_token: registrationAccessToken,
    client_secret_expires_at: expiresAt,
    ...granted
  } = members
  const { client_id: clientId, registration_client_uri: registrationClientUri } = granted
  if (!isText(clientId)) throw unavailable('the response is not a client')
  return {
    clientId,
    ...(isText(clientSecret) ? { clientSecret } : {}),
    // Zero says that it never does.
    ...(typeof expiresAt === 'number' && expiresAt > 0 ? { clientSecretExpiresAt: expiresAt * 1000 } : {}),
    ...(isText(registrationAccessToken) ? { registrationAccessToken } : {}),
    ...(isText(registrationClientUri) ? { registrationClientUri } : {}),
    granted,
    client: {
      clientId,
      ...(isText(clientSecret) ? authenticate(clientSecret, granted.token_endpoint_auth_method) : {}),
      dynamicallyRegistered: true,
    },
  }
}

/** A secret that was given though none is needed is not sent. */
function authenticate(clientSecret: string, method: unknown): Partial<ClientRegistration['client']> {
  if (method === 'client_secret_post') return { clientAuthentication: clientSecretPost(clientSecret) }
  return method === 'none' || method === 'private_key_jwt' ? {} : { clientSecret }
}

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every(isText)

const redirectUrisRule = ruleOf(
  'a list of absolute URLs without fragment, one or more',
  (value) => isTextList(value) && value.every((uri) => URL.canParse(uri) && !uri.includes('#')),
)

const rules: OptionRules<ClientRegistrationOptions> = {
  issuer: serverRules.issuer,
  metadata: serverRules.metadata,
  fetch: serverRules.fetch,
  userAgent: serverRules.userAgent,
  redirectUris: redirectUrisRule,
  clientName: text,
  grantTypes: ruleOf('a list of one grant type or more', isTextList),
  applicationType: text,
  authenticationMethod: text,
  scope: text,
  extraMetadata: ruleOf('an object such as { client_uri }', isObject),
  initialAccessToken: ruleOf('a token that a header can carry', (value) => isText(value) && fitsScheme(value)),
  signal: signalRule,
}

function readOptions(options: ClientRegistrationOptions) {
  // A checked server brings the options of a client, which do not count: there is none yet.
  checkOptions(options, isChecked(options) ? { ...serverRules, ...rules } : rules)
  const { issuer, metadata, fetch, userAgent, initialAccessToken, extraMetadata } = options
  const { grantTypes = ['authorization_code', 'refresh_token'], redirectUris } = options
  const usesBrowser = grantTypes.includes('authorization_code')
  if (usesBrowser) checkOptions({ redirectUris }, { redirectUris: required(redirectUrisRule) })
  const server = readServer({
    issuer,
    metadata,
    fetch,
    userAgent,
    // There is no client yet; nothing that is sent here names one.
    clientId: 'not registered yet',
    clientAuthentication({ headers }) {
      if (initialAccessToken !== undefined) headers.set('authorization', `Bearer ${initialAccessToken}`)
    },
  })
  const asked = {
    ...extraMetadata,
    redirect_uris: redirectUris,
    client_name: options.clientName,
    scope: options.scope,
    grant_types: grantTypes,
    response_types: usesBrowser ? ['code'] : [],
    application_type: options.applicationType ?? 'native',
    token_endpoint_auth_method: options.authenticationMethod ?? 'none',
  }
  return { server, asked }
}

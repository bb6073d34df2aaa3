import * as oauth from 'oauth4webapi'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { isSignInError, SignInError } from '../errors/sign-in-error.ts'
import { fitsScheme } from '../token/normalize-token-set.ts'
import { clientSecretPost } from './client-authentication.ts'
import { isSecureEndpoint } from './discover-metadata.ts'
import { type AuthorizationServerOptions, assertText, readServerOptions } from './server-options.ts'
import { unavailable } from './sign-in-failure.ts'
import { findSignInMetadata } from './sign-in-metadata.ts'
import { requestSignIn } from './sign-in-request.ts'

export interface ClientRegistrationOptions extends Pick<AuthorizationServerOptions, 'issuer' | 'metadata' | 'fetch'> {
  /** Where browsers may be sent after a sign-in; needed for the grant type `authorization_code`. */
  readonly redirectUris?: readonly string[]
  /** What people read when they are asked to agree. */
  readonly clientName?: string
  /** Default: `authorization_code` and `refresh_token`. Without the latter, no session outlives its access token. */
  readonly grantTypes?: readonly string[]
  /** `native` for programs and apps on a device, `web` for services. Default `native`. */
  readonly applicationType?: 'native' | 'web'
  /** How the client proves who it is. Default `none`: it has no secret to keep. */
  readonly authenticationMethod?: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
  /** All that it may ever ask for, space-separated. Default: what the server gives. */
  readonly scope?: string
  /** Whatever else the server is to know, such as `{ client_uri, logo_uri, jwks, software_id }` (RFC 7591, section 2). */
  readonly extraMetadata?: Readonly<Record<string, unknown>>
  /** What the server has given out for registering clients; a secret. */
  readonly initialAccessToken?: string
  /** Ends the wait for the server with its reason. */
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
 *   the server registers nobody; `unavailable`
 * @throws the signal's reason
 * @see RFC 7591, section 3
 */
export async function registerClient(options: ClientRegistrationOptions): Promise<ClientRegistration> {
  const { server, asked } = readOptions(options)
  const { signal, initialAccessToken } = options
  signal?.throwIfAborted()
  const metadata = await findSignInMetadata(server, signal)
  const endpoint = metadata.registration_endpoint
  if (!isSecureEndpoint(endpoint)) {
    throw new SignInError('refused', 'This authorization server names no endpoint for registering clients.')
  }
  try {
    const members = await requestSignIn(server, {
      endpoint,
      signal,
      secrets: initialAccessToken === undefined ? [] : [initialAccessToken],
      send: (requestOptions) =>
        oauth.dynamicClientRegistrationRequest(
          metadata as unknown as oauth.AuthorizationServer,
          asked as unknown as Partial<oauth.Client>,
          initialAccessToken === undefined ? requestOptions : { ...requestOptions, initialAccessToken },
        ),
    })
    return readRegistration(members)
  } catch (error) {
    throw isSignInError(error) && error.code === 'refused' ? refused(error.serverCode) : error
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
  if (!isText(clientId)) throw unavailable('what it said is no client')
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

const knownOptions: Record<keyof ClientRegistrationOptions, true> = {
  issuer: true,
  metadata: true,
  fetch: true,
  redirectUris: true,
  clientName: true,
  grantTypes: true,
  applicationType: true,
  authenticationMethod: true,
  scope: true,
  extraMetadata: true,
  initialAccessToken: true,
  signal: true,
}

function readOptions(options: ClientRegistrationOptions) {
  const { issuer, metadata, fetch } = options ?? {}
  // There is no client yet; nothing that is sent here names one.
  const server = readServerOptions({ ...pickDefined({ issuer, metadata, fetch }), clientId: 'not registered yet' })
  rejectUnknownOptions(options, knownOptions)
  const { clientName, scope, initialAccessToken, extraMetadata = {}, applicationType = 'native' } = options
  const { grantTypes = ['authorization_code', 'refresh_token'], authenticationMethod = 'none', redirectUris } = options
  for (const [option, value] of Object.entries({ clientName, scope, initialAccessToken })) {
    if (value !== undefined) assertText(value, option)
  }
  if (initialAccessToken !== undefined && !fitsScheme(initialAccessToken)) {
    throw new ConfigurationError('initialAccessToken', 'has characters that no header can carry')
  }
  assertText(authenticationMethod, 'authenticationMethod')
  assertText(applicationType, 'applicationType')
  assertList(grantTypes, 'grantTypes')
  const usesBrowser = grantTypes.includes('authorization_code')
  if (redirectUris !== undefined || usesBrowser) assertRedirectUris(redirectUris)
  if (typeof extraMetadata !== 'object' || extraMetadata === null) {
    throw new ConfigurationError('extraMetadata', 'must be an object such as { client_uri }')
  }
  const asked = {
    ...extraMetadata,
    ...pickDefined({ redirect_uris: redirectUris, client_name: clientName, scope }),
    grant_types: grantTypes,
    response_types: usesBrowser ? ['code'] : [],
    application_type: applicationType,
    token_endpoint_auth_method: authenticationMethod,
  }
  return { server, asked }
}

function assertRedirectUris(redirectUris: unknown): void {
  assertList(redirectUris, 'redirectUris')
  if (redirectUris.some((uri) => !URL.canParse(uri) || uri.includes('#'))) {
    throw new ConfigurationError('redirectUris', 'must be absolute URLs without fragment')
  }
}

function assertList(list: unknown, option: string): asserts list is readonly string[] {
  if (!Array.isArray(list) || list.length === 0 || !list.every(isText)) {
    throw new ConfigurationError(option, 'must be a list of one string or more')
  }
}

function pickDefined<Value extends object>(value: Value): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

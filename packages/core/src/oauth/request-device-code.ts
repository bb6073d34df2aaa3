import * as oauth from 'oauth4webapi'
import { SignInError } from '../errors/sign-in-error.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { toClientAuth } from './client-authentication.ts'
import { isSecureEndpoint } from './discover-metadata.ts'
import { unavailable } from './sign-in-failure.ts'
import { requestSignIn } from './sign-in-request.ts'

/** What the device authorization endpoint gave. `deviceCode` is a secret. */
export interface DeviceCode {
  readonly deviceCode: string
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete?: string
  readonly expiresInSeconds: number
  readonly intervalSeconds: number
}

/** "If no value is provided, clients MUST use 5 as the default" (RFC 8628, section 3.2). */
const defaultIntervalSeconds = 5

/**
 * Asks for a device code.
 *
 * @throws SignInError `refused` where the server has no such flow or says no, `unavailable`, or the signal's reason
 * @see RFC 8628, sections 3.1 and 3.2
 */
export async function requestDeviceCode(
  server: AuthorizationServer,
  request: {
    metadata: AuthorizationServerMetadata
    parameters: URLSearchParams
    signal: AbortSignal | undefined
  },
): Promise<DeviceCode> {
  const { metadata, parameters, signal } = request
  const endpoint = metadata.device_authorization_endpoint
  if (!isSecureEndpoint(endpoint)) {
    throw new SignInError('refused', 'This authorization server names no endpoint for signing devices in.')
  }
  const members = await requestSignIn(server, {
    endpoint,
    signal,
    secrets: [],
    send: (options) =>
      oauth.deviceAuthorizationRequest(
        metadata as unknown as oauth.AuthorizationServer,
        { client_id: server.clientId },
        toClientAuth(server.clientAuthentication),
        parameters,
        options,
      ),
  })
  return readDeviceCode(members)
}

/** `verification_url` is how the drafts spelt it, and some servers still do. */
function readDeviceCode(members: Readonly<Record<string, unknown>>): DeviceCode {
  const { device_code: deviceCode, user_code: userCode } = members
  const verificationUri = members.verification_uri ?? members.verification_url
  const complete = members.verification_uri_complete ?? members.verification_url_complete
  const expiresInSeconds = readSeconds(members.expires_in)
  if (!isText(deviceCode) || !isText(userCode) || !isPage(verificationUri) || expiresInSeconds === undefined) {
    throw unavailable('what it said is no device code')
  }
  return {
    deviceCode,
    userCode,
    verificationUri,
    ...(isPage(complete) ? { verificationUriComplete: complete } : {}),
    expiresInSeconds,
    // A server that has no patience to ask for is not to be asked without a pause all the same.
    intervalSeconds: Math.max(readSeconds(members.interval) ?? defaultIntervalSeconds, 1),
  }
}

function readSeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined
}

/** People are sent there, and programs make links of it: nothing but a page will do. */
function isPage(value: unknown): value is string {
  return isText(value) && URL.canParse(value) && isSecureUrl(new URL(value))
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

import { type Clock, systemClock } from '../clock/clock.ts'
import { isText, type OptionRules, text, withMethods } from '../errors/check-options.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import type { GrantOutcome } from '../token/grant.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import type { SignInTokens } from '../token/token-set.ts'
import { requestSignal } from './http.ts'
import type { AuthorizationServerMetadata } from './metadata.ts'
import { initialPace, judgePoll } from './poll-pace.ts'
import {
  type AuthorizationServerOptions,
  appendResources,
  type ResolvedServer,
  readServer,
  resourceRule,
} from './server.ts'
import { createSharedWait, type TryOutcome } from './shared-wait.ts'
import { describeSignInFailure, findSignInMetadata, requestSignIn, signalRule, unavailable } from './sign-in-request.ts'
import { readSignInTokens } from './sign-in-tokens.ts'
import { requestTokens } from './token-request.ts'

export interface DeviceAuthorizationOptions extends AuthorizationServerOptions {
  /** Space-separated, such as `openid offline_access`; default: what the server gives by itself. */
  readonly scope?: string
  /** The resource servers the access token is for, as absolute URIs (RFC 8707). Default: what the server decides. */
  readonly resource?: string | readonly string[]
  /** Ends the wait for the device code with its reason; the wait for tokens has a signal of its own. Default: none. */
  readonly signal?: AbortSignal | undefined
  /** Time and timers. Default: the system's. */
  readonly clock?: Clock
}

/** A sign-in that waits until the user agrees to it on another device. What is to be shown is not a secret. */
export interface DeviceAuthorization {
  /** What the user types in at `verificationUri`, as it is to be shown. */
  readonly userCode: string
  /** The page where the user does, short enough to be typed. */
  readonly verificationUri: string
  /** The same with the code in it, for a QR code or a link; not every server gives one. */
  readonly verificationUriComplete?: string
  /** When the code expires, in milliseconds since the epoch. */
  readonly expiresAt: number
  /**
   * Waits until the user has agreed, asking the server no faster than it wants to be asked. Several calls share the
   * requests and get the same tokens; one that comes later goes on where an earlier one was cancelled.
   *
   * Failures of the network and the server are lived through.
   *
   * @throws SignInError `expired`; `refused` with `serverCode` `access_denied` when the user said no, or with another
   *   one when the server did; `idTokenRejected`; or the signal's reason
   */
  waitForTokens(options?: { readonly signal?: AbortSignal | undefined }): Promise<SignInTokens>
}

/**
 * Begins a sign-in on a device without a browser, or without a keyboard: the user agrees to it elsewhere.
 *
 * @example
 * const device = await beginDeviceAuthorization({ ...server, scope: 'openid offline_access' })
 * console.log(`Open ${device.verificationUri} and type ${device.userCode}`)
 * await session.signIn(await device.waitForTokens())
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @throws SignInError `refused` where the server has no such flow or says no; `unavailable`
 * @throws the signal's reason
 * @see RFC 8628
 */
export async function beginDeviceAuthorization(options: DeviceAuthorizationOptions): Promise<DeviceAuthorization> {
  const server = readServer(options, rules)
  const { scope, resource, signal, clock = systemClock } = options
  signal?.throwIfAborted()
  const needed = ['device_authorization_endpoint', 'token_endpoint'] as const
  const metadata = await findSignInMetadata(server, signal, ...needed)
  const parameters = new URLSearchParams(scope === undefined ? {} : { scope })
  appendResources(parameters, resource)
  const members = await requestSignIn(server, {
    url: metadata.device_authorization_endpoint,
    purpose: 'for signing devices in',
    parameters,
    signal,
    secrets: [],
  })
  const code = readDeviceCode(members)
  const expiresAt = clock.now() + code.expiresInSeconds * 1000
  const tokens = createSharedWait(createPoll(server, { metadata, code, scope, clock, expiresAt }), {
    clock,
    // Waiting for longer than the code lives does not help.
    delayMilliseconds: Math.min(code.intervalSeconds, code.expiresInSeconds) * 1000,
  })
  const { userCode, verificationUri, verificationUriComplete } = code
  return {
    userCode,
    verificationUri,
    ...(verificationUriComplete === undefined ? {} : { verificationUriComplete }),
    expiresAt,
    waitForTokens: ({ signal: waitSignal } = {}) => tokens.join(waitSignal),
  }
}

const rules: Omit<OptionRules<DeviceAuthorizationOptions>, keyof AuthorizationServerOptions> = {
  scope: text,
  resource: resourceRule,
  signal: signalRule,
  clock: withMethods('now', 'setTimeout', 'clearTimeout'),
}

/** What the device authorization endpoint gave. `deviceCode` is a secret. */
interface DeviceCode {
  readonly deviceCode: string
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string | undefined
  readonly expiresInSeconds: number
  readonly intervalSeconds: number
}

/** "If no value is provided, clients MUST use 5 as the default" (RFC 8628, section 3.2). */
const defaultIntervalSeconds = 5

/** `verification_url` is how the drafts spelt it, and some servers still do. */
function readDeviceCode(members: Readonly<Record<string, unknown>>): DeviceCode {
  const { device_code: deviceCode, user_code: userCode } = members
  const verificationUri = members.verification_uri ?? members.verification_url
  const complete = members.verification_uri_complete ?? members.verification_url_complete
  const expiresInSeconds = readSeconds(members.expires_in)
  if (!isText(deviceCode) || !isText(userCode) || !isPage(verificationUri) || expiresInSeconds === undefined) {
    throw unavailable('the response is not a device code')
  }
  return {
    deviceCode,
    userCode,
    verificationUri,
    verificationUriComplete: isPage(complete) ? complete : undefined,
    expiresInSeconds,
    // A server that asks for no pause is not asked without one all the same.
    intervalSeconds: Math.max(readSeconds(members.interval) ?? defaultIntervalSeconds, 1),
  }
}

function readSeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined
}

/** Users are sent there, and programs make links of it: nothing but a page will do. */
function isPage(value: unknown): value is string {
  return isText(value) && URL.canParse(value) && isSecureUrl(new URL(value))
}

interface Polling {
  readonly metadata: AuthorizationServerMetadata
  readonly code: DeviceCode
  readonly scope: string | undefined
  readonly clock: Clock
  readonly expiresAt: number
}

/** One request for the tokens after another, each at the pace that the one before has led to. */
function createPoll(server: ResolvedServer, polling: Polling): () => Promise<TryOutcome<SignInTokens>> {
  const { metadata, code, scope, clock, expiresAt } = polling
  const { clientId } = server
  let pace = initialPace(code.intervalSeconds)
  return async () => {
    if (clock.now() >= expiresAt) throw expired()
    const outcome = await pollOnce(server, code.deviceCode, clock)
    if (outcome.kind === 'issued') {
      const value = readSignInTokens(outcome, { server, clientId, scope, prompt: 'inapplicable', metadata })
      return { kind: 'done', value }
    }
    const verdict = judgePoll(outcome.failure, pace, clock.now())
    if (verdict.kind === 'expired') throw expired()
    if (verdict.kind === 'failed') throw describeSignInFailure(outcome.failure)
    pace = verdict.pace
    const delayMilliseconds = Math.min(pace.delayMilliseconds, Math.max(expiresAt - clock.now(), 0))
    return { kind: 'again', delayMilliseconds }
  }
}

/** Not the caller's signal: an answer that is not read could be the tokens, and there are no others. */
function pollOnce(server: ResolvedServer, deviceCode: string, clock: Clock): Promise<GrantOutcome> {
  const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
  return requestTokens(server, {
    request: { signal: requestSignal(), now: () => clock.now() },
    parameters: new URLSearchParams({ grant_type: grantType, device_code: deviceCode }),
  })
}

function expired(): SignInError {
  return new SignInError('expired', 'The user did not agree to the sign-in while its code was valid; begin a new one.')
}

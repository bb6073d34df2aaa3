import * as oauth from 'oauth4webapi'
import { type Clock, systemClock } from '../clock/clock.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import type { GrantOutcome } from '../token/grant.ts'
import type { SignInTokens } from '../token/token-set.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { initialPace, judgePoll } from './poll-pace.ts'
import { type DeviceCode, requestDeviceCode } from './request-device-code.ts'
import { readResources } from './resource-parameters.ts'
import { sendTokenRequest } from './send-token-request.ts'
import { type AuthorizationServerOptions, assertText, knownServerOptions, readServerOptions } from './server-options.ts'
import { createSharedWait, type TryOutcome } from './shared-wait.ts'
import { describeSignInFailure } from './sign-in-failure.ts'
import { findSignInMetadata } from './sign-in-metadata.ts'
import { requestSignal } from './sign-in-signal.ts'
import { readSignInTokens } from './sign-in-tokens.ts'

export interface DeviceAuthorizationOptions extends AuthorizationServerOptions {
  /** Space-separated, such as `openid offline_access`; default: what the server gives by itself. */
  readonly scope?: string
  /** The resource servers the access token is for, as absolute URIs (RFC 8707). */
  readonly resource?: string | readonly string[]
  /** Ends the wait for the device code with its reason; not the wait for tokens, which has a signal of its own. */
  readonly signal?: AbortSignal | undefined
  /** Time and timers. Default: the system's. */
  readonly clock?: Clock
}

/** A sign-in that waits for somebody to agree to it on another device. What is to be shown is no secret. */
export interface DeviceAuthorization {
  /** What people type in at `verificationUri`, as it is to be shown. */
  readonly userCode: string
  /** The page where they do, short enough to be typed. */
  readonly verificationUri: string
  /** The same with the code in it, for a QR code or a link; not every server gives one. */
  readonly verificationUriComplete?: string
  /** When the code is of no use any more, in milliseconds since the epoch. */
  readonly expiresAt: number
  /**
   * Waits until somebody has agreed, asking the server no faster than it wants to be asked. Several calls share the
   * requests and get the same tokens; one that comes later goes on where an earlier one was cancelled.
   *
   * Failures of the network and the server are lived through.
   *
   * @throws SignInError `expired`; `refused` with `serverCode` `access_denied` when somebody said no, or with another
   *   one when the server did; `idTokenRejected`; or the signal's reason
   */
  waitForTokens(options?: { readonly signal?: AbortSignal | undefined }): Promise<SignInTokens>
}

/**
 * Begins a sign-in on a device without a browser, or without a keyboard: people agree to it elsewhere.
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
  const server = readServerOptions(options)
  rejectUnknownOptions(options, knownOptions)
  const { scope, signal, clock = systemClock } = options
  if (scope !== undefined) assertText(scope, 'scope')
  assertClock(clock)
  const resources = readResources(options.resource)
  signal?.throwIfAborted()

  const metadata = await findSignInMetadata(server, signal)
  const parameters = new URLSearchParams(scope === undefined ? {} : { scope })
  for (const uri of resources) parameters.append('resource', uri)
  const code = await requestDeviceCode(server, { metadata, parameters, signal })
  const expiresAt = clock.now() + code.expiresInSeconds * 1000
  const tokens = createSharedWait(createPoll(server, { metadata, code, scope, clock, expiresAt }), {
    clock,
    delayMilliseconds: initialPace(code.intervalSeconds).delayMilliseconds,
  })
  return {
    userCode: code.userCode,
    verificationUri: code.verificationUri,
    ...(code.verificationUriComplete === undefined ? {} : { verificationUriComplete: code.verificationUriComplete }),
    expiresAt,
    waitForTokens: ({ signal: waitSignal } = {}) => tokens.join(waitSignal),
  }
}

const knownOptions: Record<keyof DeviceAuthorizationOptions, true> = {
  ...knownServerOptions,
  scope: true,
  resource: true,
  signal: true,
  clock: true,
}

function assertClock(clock: Partial<Clock>): void {
  if (typeof clock?.now !== 'function' || typeof clock.setTimeout !== 'function') {
    throw new ConfigurationError('clock', 'must be an object with the methods now, setTimeout and clearTimeout')
  }
}

interface Polling {
  readonly metadata: AuthorizationServerMetadata
  readonly code: DeviceCode
  readonly scope: string | undefined
  readonly clock: Clock
  readonly expiresAt: number
}

/** One request for the tokens after another, each at the pace that the one before has led to. */
function createPoll(server: AuthorizationServer, polling: Polling): () => Promise<TryOutcome<SignInTokens>> {
  const { metadata, code, scope, clock, expiresAt } = polling
  const { clientId } = server
  let pace = initialPace(code.intervalSeconds)
  return async () => {
    if (clock.now() >= expiresAt) throw expired()
    const outcome = await requestTokens(server, code.deviceCode, clock)
    if (outcome.kind === 'issued') {
      return { kind: 'done', value: readSignInTokens(outcome, { clientId, scope, prompt: 'inapplicable', metadata }) }
    }
    const verdict = judgePoll(outcome.failure, pace, clock.now())
    if (verdict.kind === 'expired') throw expired()
    if (verdict.kind === 'failed') throw describeSignInFailure(outcome.failure)
    pace = verdict.pace
    // Nobody need wait for longer than the code lives.
    const delayMilliseconds = Math.min(pace.delayMilliseconds, Math.max(expiresAt - clock.now(), 0))
    return { kind: 'again', delayMilliseconds }
  }
}

/** Not the caller's signal: an answer that nobody reads could be the tokens, and there are no others. */
function requestTokens(server: AuthorizationServer, deviceCode: string, clock: Clock): Promise<GrantOutcome> {
  return sendTokenRequest(server, {
    request: { signal: requestSignal(undefined), now: () => clock.now() },
    send: (metadata, client, clientAuthentication, options) =>
      oauth.deviceCodeGrantRequest(metadata, client, clientAuthentication, deviceCode, options),
  })
}

function expired(): SignInError {
  return new SignInError('expired', 'Nobody agreed to the sign-in while its code was good; begin a new one.')
}

import {
  ConfigurationError,
  isSignInError,
  type Session,
  type SessionSnapshot,
  SignInError,
  type SignInOptions,
} from '@authchart/core'
import { type AuthorizationOptions, beginAuthorization, completeAuthorization } from '@authchart/core/oauth'
import type { Answer } from './answer-page.ts'
import { type CallbackListener, listenForCallback } from './callback-listener.ts'
import { openBrowser as openDefaultBrowser, printUrl } from './open-browser.ts'

/** How to sign in: the options of `beginAuthorization` and of `session.signIn`, and what the listener needs. */
export interface LoopbackOptions extends Omit<AuthorizationOptions, 'redirectUri'>, SignInOptions {
  /** The path of the redirect URI, as the client has registered it; the port is any. Default `/callback`. */
  readonly path?: string
  /** The port, for servers that want the very one that was registered. Default 0: any free one. */
  readonly port?: number
  /**
   * Opens the user's browser; what it throws ends the sign-in. `false`: nothing is opened. Default: the system's browser,
   * which may fail without a word where there is none.
   */
  readonly openBrowser?: false | ((url: string) => unknown)
  /** Told where to sign in, before the browser opens: to be shown to the user. Default: it is written to stderr. */
  readonly onUrl?: (url: string) => void
  /** How long the user may take, in milliseconds. Default 300,000: five minutes. */
  readonly timeoutMilliseconds?: number
}

/**
 * Signs a user in with the browser on this machine, and the session with the tokens that this gives.
 *
 * First it makes sure that the store could keep them. Then it listens on 127.0.0.1, opens the browser, and waits; a
 * request without the right `state` does not end the wait. The process stays alive as long as that takes, and nothing is
 * left afterwards.
 *
 * @example
 * await signInByLoopback(session, { ...server, scope: 'openid offline_access', prompt: 'consent' })
 * @throws StoreError when the store could not keep a sign-in, before anything is opened; or did not
 * @throws SignInError `timeout` when nobody completed it; otherwise as `completeAuthorization` and `session.signIn` do.
 *   The stored session is as it was.
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @throws the signal's reason
 * @see RFC 8252, sections 7.3 and 8
 */
export async function signInByLoopback(
  session: Pick<Session, 'checkStore' | 'signIn'>,
  options: LoopbackOptions,
): Promise<SessionSnapshot> {
  const { listening, signIn, authorization } = readOptions(options)
  const { signal } = authorization
  signal?.throwIfAborted()
  await session.checkStore()
  await using listener = await listenForCallback(listening)
  try {
    const { transaction, callback } = await waitForUser(listener, { listening, authorization })
    const { scope, resource, prompt, loginHint, extraParameters, pushRequest, ...server } = authorization
    const tokens = await completeAuthorization(transaction, callback, server)
    signal?.throwIfAborted()
    const snapshot = await session.signIn(tokens, signIn)
    listener.answer('signedIn')
    return snapshot
  } catch (error) {
    listener.answer(describe(error, signal))
    throw error
  }
}

type Listening = Required<Pick<LoopbackOptions, 'path' | 'port' | 'openBrowser' | 'onUrl' | 'timeoutMilliseconds'>>

/** Sends the user to the server, and waits for what comes back. */
async function waitForUser(
  listener: CallbackListener,
  { listening, authorization }: { listening: Listening; authorization: Omit<AuthorizationOptions, 'redirectUri'> },
) {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(tookTooLong()), listening.timeoutMilliseconds)
  const signal = AbortSignal.any([patience.signal, authorization.signal ?? patience.signal])
  const { promise: failed, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const { redirectUri } = listener
    const { url, transaction } = await beginAuthorization({ ...authorization, redirectUri, signal })
    const callback = listener.expect(transaction.state)
    listening.onUrl(url)
    if (listening.openBrowser !== false) open(listening.openBrowser, url).catch(reject)
    return { transaction, callback: await Promise.race([callback, failed]) }
  } finally {
    // Should nobody be waiting for it any more, it is no one's error.
    failed.catch(() => {})
    signal.removeEventListener('abort', abort)
    clearTimeout(timer)
  }
}

async function open(openBrowser: (url: string) => unknown, url: string): Promise<void> {
  await openBrowser(url)
}

function tookTooLong(): SignInError {
  return new SignInError('timeout', 'Nobody signed in within the time given; begin the sign-in again.')
}

function describe(error: unknown, signal: AbortSignal | undefined): Answer {
  if (signal?.aborted === true) return 'cancelled'
  return isSignInError(error) && error.code === 'refused' ? 'refused' : 'failed'
}

const longestTimeout = 2 ** 31 - 1

function readOptions(options: LoopbackOptions) {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('options', 'must be an object such as { issuer, clientId, scope }')
  }
  const {
    path = '/callback',
    port = 0,
    openBrowser = openDefaultBrowser,
    onUrl = printUrl,
    timeoutMilliseconds = 5 * 60 * 1000,
    subject,
    replaceSubject,
    ...authorization
  } = options
  require('redirectUri' in options === false, 'redirectUri', 'is made from `path` and `port` here')
  require(isPath(path), 'path', 'must be a path without query, such as "/callback"')
  require(Number.isInteger(port) && port >= 0 && port <= 65_535, 'port', 'must be a port number, or 0 for any free one')
  require(openBrowser === false || typeof openBrowser === 'function', 'openBrowser', 'must be false or a function')
  require(typeof onUrl === 'function', 'onUrl', 'must be a function')
  const isTime = typeof timeoutMilliseconds === 'number' && timeoutMilliseconds > 0
  require(isTime && timeoutMilliseconds <= longestTimeout, 'timeoutMilliseconds', 'must be milliseconds, above 0')
  return {
    authorization,
    listening: { path, port, openBrowser, onUrl, timeoutMilliseconds },
    signIn: {
      ...(subject === undefined ? {} : { subject }),
      ...(replaceSubject === undefined ? {} : { replaceSubject }),
    },
  }
}

/** One that a URL leaves as it is, so that the address registered, given and compared is the same. */
function isPath(path: unknown): boolean {
  return typeof path === 'string' && path.startsWith('/') && new URL(`http://127.0.0.1${path}`).pathname === path
}

function require(condition: boolean, option: string, expected: string): void {
  if (!condition) throw new ConfigurationError(option, expected)
}

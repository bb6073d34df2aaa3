import {
  ConfigurationError,
  isSignInError,
  type Session,
  type SessionSnapshot,
  SignInError,
  type SignInOptions,
} from '@authchart/core'
import { type AuthorizationOptions, beginAuthorization, completeAuthorization } from '@authchart/core/oauth'
import { callable, checkOptions, flag, type OptionRules, ruleOf, text } from '@authchart/core/store'
import type { Answer } from './answer-page.ts'
import { type CallbackListener, type ListeningOptions, listenForCallback } from './callback-listener.ts'
import { openBrowser as openDefaultBrowser, printUrl } from './open-browser.ts'

/** How to sign in: the options of `beginAuthorization` and of `session.signIn`, and what the listener needs. */
export interface LoopbackOptions extends Omit<AuthorizationOptions, 'redirectUri'>, SignInOptions {
  /** The path of the redirect URI, as the client has registered it. Default `/callback`. */
  readonly path?: string
  /**
   * The port, for servers that want the one that was registered; of several, the first that is free. Default 0: any free
   * one.
   */
  readonly port?: number | readonly number[]
  /** The host of the redirect URI: `localhost` for servers that know no other. Default `127.0.0.1`, which is safer. */
  readonly host?: '127.0.0.1' | 'localhost'
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
 * request with another `state`, or with neither `state` nor `error`, does not end the wait. The process stays alive as
 * long as that takes, and nothing is left afterwards.
 *
 * @example
 * await signInByLoopback(session, { ...server, scope: 'openid offline_access' })
 * @throws StoreError when the store could not keep a sign-in, before anything is opened; or did not
 * @throws SignInError `timeout` when the user did not complete it; `portUnavailable`; otherwise as `completeAuthorization` and `session.signIn` do.
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
    if (!callback.searchParams.has('state')) throw refusedWithoutState(callback)
    const tokens = await completeAuthorization(transaction, callback, server)
    const snapshot = await session.signIn(tokens, signIn)
    listener.answer('signedIn')
    return snapshot
  } catch (error) {
    listener.answer(describe(error, signal))
    throw error
  }
}

interface Listening extends ListeningOptions {
  readonly openBrowser: false | ((url: string) => unknown)
  readonly onUrl: (url: string) => void
  readonly timeoutMilliseconds: number
}

/** Sends the user to the server, and waits for what comes back. */
async function waitForUser(
  listener: CallbackListener,
  { listening, authorization }: { listening: Listening; authorization: Omit<AuthorizationOptions, 'redirectUri'> },
) {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(tookTooLong()), listening.timeoutMilliseconds)
  const signal = AbortSignal.any([patience.signal, authorization.signal ?? patience.signal])
  const { promise: failed, reject } = Promise.withResolvers<never>()
  // Until it is waited for, and once it is not any more, its rejection must not count as unhandled.
  failed.catch(() => {})
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const { redirectUri } = listener
    const { url, transaction } = await beginAuthorization({ ...authorization, redirectUri, signal })
    const callback = listener.expect(transaction.state)
    signal.throwIfAborted()
    const told: unknown = listening.onUrl(url)
    Promise.resolve(told).catch(reject)
    if (listening.openBrowser !== false) open(listening.openBrowser, url).catch(reject)
    return { transaction, callback: await Promise.race([callback, failed]) }
  } finally {
    signal.removeEventListener('abort', abort)
    clearTimeout(timer)
  }
}

async function open(openBrowser: (url: string) => unknown, url: string): Promise<void> {
  await openBrowser(url)
}

function tookTooLong(): SignInError {
  return new SignInError('timeout', 'The user did not sign in within the time given; begin the sign-in again.')
}

/** Anything may have sent the browser here with it; the server's word is shown, and nothing else of the address. */
function refusedWithoutState({ searchParams }: URL): SignInError {
  const error = searchParams.get('error') ?? ''
  const serverCode = /^[\w.-]{1,64}$/.test(error) ? error : undefined
  const code = serverCode === undefined ? '' : `: ${serverCode}`
  return new SignInError('refused', `The authorization server refused the sign-in${code}.`, { serverCode })
}

function describe(error: unknown, signal: AbortSignal | undefined): Answer {
  if (signal?.aborted === true) return 'cancelled'
  return isSignInError(error) && error.code === 'refused' ? 'refused' : 'failed'
}

const longestTimeout = 2 ** 31 - 1

const isPort = (port: unknown) => Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535

const rules: OptionRules<Omit<LoopbackOptions, keyof AuthorizationOptions>> = {
  path: ruleOf('a path without query, such as "/callback"', isPath),
  port: ruleOf(
    'a port number, a list of them, or 0 for any free one',
    (port) => isPort(port) || (Array.isArray(port) && port.length > 0 && port.every(isPort)),
  ),
  host: ruleOf('"127.0.0.1" or "localhost"', (host) => host === '127.0.0.1' || host === 'localhost'),
  openBrowser: ruleOf('false or a function', (open) => open === false || typeof open === 'function'),
  onUrl: callable,
  timeoutMilliseconds: ruleOf(
    'milliseconds, above 0 and below 2^31',
    (time) => typeof time === 'number' && time > 0 && time <= longestTimeout,
  ),
  subject: text,
  replaceSubject: flag,
}

function readOptions(options: LoopbackOptions) {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('options', 'must be an object such as { issuer, clientId, scope }.')
  }
  if ('redirectUri' in options) {
    throw new ConfigurationError('redirectUri', 'is made from `host`, `port` and `path` here.')
  }
  const { path, port, host, openBrowser, onUrl, timeoutMilliseconds, subject, replaceSubject, ...authorization } =
    options
  checkOptions({ path, port, host, openBrowser, onUrl, timeoutMilliseconds, subject, replaceSubject }, rules)
  return {
    authorization,
    listening: {
      path: path ?? '/callback',
      ports: typeof port === 'object' ? port : [port ?? 0],
      host: host ?? '127.0.0.1',
      openBrowser: openBrowser ?? openDefaultBrowser,
      onUrl: onUrl ?? printUrl,
      timeoutMilliseconds: timeoutMilliseconds ?? 5 * 60 * 1000,
    },
    signIn: { subject, replaceSubject },
  }
}

/** One that a URL leaves as it is, so that the address registered, given and compared is the same. */
function isPath(path: unknown): boolean {
  return typeof path === 'string' && path.startsWith('/') && new URL(`http://127.0.0.1${path}`).pathname === path
}

import {
  ConfigurationError,
  type Session,
  type SessionSnapshot,
  type SessionStatus,
  SignInError,
  type SignInOptions,
} from '@authchart/core'
import {
  type AuthorizationServerOptions,
  authorizationServer,
  type CompletionOptions,
  completeAuthorization,
} from '@authchart/core/oauth'
import { checkOptions, flag, isText, type OptionRules, ruleOf, text, untilAborted } from '@authchart/core/store'
import { type CallbackAddress, readCallbackAddress } from './callback-address.ts'
import { isOfAnother, type KeptSignIn, sweepSignIns, takeSignIn } from './kept-sign-in.ts'
import { cleanAddress, replaceAddress } from './page-address.ts'
import { readRedirectUri } from './redirect-uri.ts'
import { readReturnTo } from './return-to.ts'
import { findCompletion, shareCompletion } from './shared-completion.ts'

/** The options of `completeAuthorization` and of `session.signIn`, and what is to become of the page's address. */
export interface RedirectCompletionOptions extends CompletionOptions, SignInOptions {
  /**
   * The one that the sign-in was begun with: then no other address is looked at. Default: any address with a `state` and
   * a `code` or an `error` counts as an answer, which suits an app that has no such parameters of its own.
   */
  readonly redirectUri?: string
  /**
   * Whether the page's address becomes `returnTo` when the user is signed in. Default `true`; `false` where a router, or
   * a site of several documents, goes there itself.
   */
  readonly restoreAddress?: boolean
}

/** A sign-in that was completed. */
export interface CompletedRedirect {
  readonly snapshot: SessionSnapshot
  /** Where the user came from: path, query and fragment, always of this origin. */
  readonly returnTo: string
}

type RedirectedSession = Pick<Session, 'key' | 'ready' | 'getSnapshot' | 'signIn'>

/**
 * Completes a sign-in if the page's address is the answer to one: to be called on every load, before anything else is.
 *
 * At once, before anything is awaited, the answer is taken out of the address bar and the history, and what was kept for
 * it out of `sessionStorage`: a code is sent once, however often this is called or the page loaded. Calls for one session that
 * come together, or one after the other while the page stays where it was left, share one completion; an aborted
 * `signal` ends only the wait that it was given to.
 *
 * Resolves with `undefined` when the address is not an answer, or one to another session's sign-in; and when nothing was
 * begun here that it could answer but the session is signed in, as when the user has gone back to it.
 *
 * @example
 * const completed = await completeRedirect(session, { ...server, redirectUri: '/callback' })
 * if (completed) router.navigate(completed.returnTo, { replace: true })
 * @throws SignInError as `completeAuthorization` and `session.signIn` do; `callbackRejected` too for an answer to what
 *   was not begun in this tab. The stored session is as it was, and the address is the redirect URI; a sign-in that is
 *   begun from there returns to where this one would have.
 * @throws StoreError when the store, or `sessionStorage`, fails
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @throws the signal's reason
 * @see RFC 6749, sections 4.1.2 to 4.1.4; RFC 9207; RFC 9700, section 4.2.4, for the address
 */
export async function completeRedirect(
  session: RedirectedSession,
  options: RedirectCompletionOptions,
): Promise<CompletedRedirect | undefined> {
  // On a server that renders the page, and in a worker, there is no address that could be one.
  if (globalThis.document === undefined) return undefined
  const { signal, redirectUri, completion } = readOptions(options)
  signal?.throwIfAborted()
  const callback = readCallbackAddress(location.href, redirectUri)
  if (callback !== undefined && !isOfAnother(callback.state, session.key)) {
    shareCompletion(session.key, complete(session, { ...completion, callback, answer: location.href }))
  }
  sweepSignIns(Date.now())
  const shared = findCompletion<CompletedRedirect | undefined>(session.key)
  return shared === undefined || signal === undefined ? shared : untilAborted(shared, signal)
}

interface Completion {
  readonly callback: CallbackAddress
  /** The page's address, with the answer: a secret. */
  readonly answer: string
  readonly server: CompletionOptions
  readonly signIn: SignInOptions
  readonly restoresAddress: boolean
}

/** Up to its first `await`, the answer is taken out of the page: the next call finds none. */
async function complete(session: RedirectedSession, completion: Completion): Promise<CompletedRedirect | undefined> {
  const { callback, answer, server, signIn, restoresAddress } = completion
  const kept = takeAnswered(callback, session.key)
  if (kept === undefined) return judgeStray(session)
  const tokens = await completeAuthorization(kept.transaction, answer, server)
  const snapshot = await session.signIn(tokens, signIn)
  const returnTo = readReturnTo(kept.returnTo, answer) ?? '/'
  // Should the user have gone elsewhere in the app meanwhile, they stay there.
  if (location.href === callback.cleaned) replaceAddress(restoresAddress ? returnTo : callback.cleaned)
  return { snapshot, returnTo }
}

/** The sign-in that is answered, taken out of where it was kept, as the answer is out of the address. */
function takeAnswered({ state, cleaned }: CallbackAddress, key: string): KeptSignIn | undefined {
  let kept: KeptSignIn | undefined
  try {
    kept = state === undefined ? undefined : takeSignIn(state, key)
    return kept
  } finally {
    cleanAddress(cleaned, kept?.returnTo)
  }
}

/**
 * An answer to nothing that was begun in this tab: a forged one, a copied one, or one that the user went back to after
 * it was completed. Nothing of it is used.
 */
async function judgeStray({ ready, getSnapshot }: RedirectedSession): Promise<undefined> {
  await ready.catch(() => {})
  if (!signedOutStatuses.has(getSnapshot().status)) return undefined
  throw new SignInError(
    'callbackRejected',
    'This page was sent what answers no sign-in that was begun in this tab, or one that was completed already. Begin the sign-in again.',
  )
}

const signedOutStatuses: ReadonlySet<SessionStatus> = new Set(['restoring', 'signedOut', 'signingOut', 'invalidated'])

type OwnOptions = Omit<RedirectCompletionOptions, keyof AuthorizationServerOptions | 'redirectUri'>

const rules: OptionRules<OwnOptions> = {
  restoreAddress: flag,
  subject: text,
  replaceSubject: flag,
  resource: ruleOf('an absolute URI, or a list of them', (value) => isText(value) || Array.isArray(value)),
  signal: ruleOf('an AbortSignal', (value) => value instanceof AbortSignal),
}

/** Checked on every load, and not only where there is an answer. */
function readOptions(options: RedirectCompletionOptions) {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('options', 'must be an object such as { issuer, clientId, redirectUri }.')
  }
  const { redirectUri, restoreAddress, subject, replaceSubject, resource, signal, ...server } = options
  checkOptions({ restoreAddress, subject, replaceSubject, resource, signal }, rules)
  return {
    signal,
    redirectUri: redirectUri === undefined ? undefined : readRedirectUri(redirectUri, location.href),
    completion: {
      server: { ...authorizationServer(server), resource },
      signIn: { subject, replaceSubject },
      restoresAddress: restoreAddress ?? true,
    },
  }
}

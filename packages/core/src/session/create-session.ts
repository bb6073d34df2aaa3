import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import { chartHasHeard } from './chart-has-heard.ts'
import { checkStore } from './check-store.ts'
import { disposeSession } from './dispose-session.ts'
import { type CallerSide, getAccessTokenSlowly, refreshNow } from './get-access-token.ts'
import { inTurn } from './in-turn.ts'
import { createOutcomeReporter } from './report-outcome.ts'
import { provideRequestPort } from './request-port-of.ts'
import type { Session } from './session.ts'
import { createSessionActor } from './session-actor.ts'
import { claimsGetter, provideClaims } from './session-claims.ts'
import { resolveOptions, type SessionOptions } from './session-options.ts'
import { adviceOf, signIntoStore } from './sign-in.ts'
import { signOutNow } from './sign-out.ts'

/** The claims are inherited: a getter of each session's own would take a kilobyte. */
type OwnMembers = Omit<Session, 'claims'> & { readonly __proto__: Pick<Session, 'claims'> }

/**
 * Opens the session that is stored under a key, and keeps it alive.
 *
 * It begins to read the store at once. Nothing has to be awaited: every method waits by itself. `signIn` makes a
 * session where there is none; the stored one outlives the program.
 *
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @example
 * const session = createSession({
 *   key: 'acme:alice',
 *   store: memoryStore(),
 *   grant: refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli' }),
 *   allowedOrigins: ['https://api.acme.example'],
 * })
 */
export function createSession(options: SessionOptions): Session {
  const resolved = resolveOptions(options)
  const { clock, key } = resolved
  const running = createSessionActor(resolved)
  const { actor, parts, waiting } = running
  const { vault } = parts
  const outcomes = createOutcomeReporter(parts)
  let disposal: Promise<void> | undefined
  const side: CallerSide = {
    waiting,
    getSnapshot: running.getSnapshot,
    isUnstored: () => actor.getSnapshot().context.unstored,
    isDisposed: () => running.isStopped(),
  }

  const own: OwnMembers = {
    __proto__: claimsGetter,
    key,
    actor,
    ready: running.ready,
    getSnapshot: running.getSnapshot,
    subscribe: running.subscribe,

    getAccessToken(request) {
      // A fresh token costs a comparison: no store, no lease, no timer, no event, and nothing new in memory.
      if (request === undefined && clock.now() < vault.freshUntil && vault.resolvedToken !== undefined) {
        return vault.resolvedToken
      }
      if (disposal !== undefined) return Promise.reject(new SessionDisposedError())
      return getAccessTokenSlowly(parts, side, request)
    },

    refresh(request) {
      if (disposal !== undefined) return Promise.reject(new SessionDisposedError())
      return refreshNow(parts, side, request)
    },

    signIn: (tokens, signIn = {}) =>
      inTurn(parts, async () => {
        if (disposal !== undefined) throw new SessionDisposedError()
        const record = await signIntoStore(parts, tokens, signIn)
        parts.send({ type: 'signIn.stored', token: vault.describe(record), ...adviceOf(tokens) })
        await chartHasHeard()
        return running.getSnapshot()
      }),

    signOut: (signOut = {}) =>
      inTurn(parts, async () => {
        if (disposal !== undefined) throw new SessionDisposedError()
        return signOutNow(parts, signOut)
      }),

    async checkStore() {
      if (disposal !== undefined) throw new SessionDisposedError()
      await checkStore(parts)
    },

    on: running.notices.on,

    reportOutcome: outcomes.report,

    [Symbol.asyncDispose]() {
      disposal ??= disposeSession(running)
      return disposal
    },
  }

  const session = own as OwnMembers & Session
  provideClaims(session, vault)
  provideRequestPort(session, () => ({
    peekAccessToken: () => (clock.now() < vault.freshUntil ? vault.token : undefined),
    getAccessToken: session.getAccessToken,
    reportOutcome: outcomes.report,
    isRefusedAfterRefresh: outcomes.isRefusedAfterRefresh,
    now: () => clock.now(),
    allowedOrigins: resolved.allowedOrigins,
    header: resolved.header,
    scheme: resolved.scheme,
    rejectedStatuses: resolved.rejectedStatuses,
    rememberNonce: (url, nonce) => resolved.grant.dpop?.rememberNonce(url, nonce),
  }))
  return session
}

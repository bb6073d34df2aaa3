import { wait } from '../clock/wait.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import { checkStore, readRecord } from '../refresh/store-access.ts'
import { readJwtClaims } from '../token/jwt-claims.ts'
import type { RequestOutcome } from '../token/request-outcome.ts'
import type { SignInTokens } from '../token/token-set.ts'
import { getAccessTokenSlowly } from './callers.ts'
import { refreshNow } from './refresh-now.ts'
import { accept, reject } from './rejected-tokens.ts'
import type { GetAccessTokenOptions, IdTokenClaims, Session, SignInOptions, SignOutOptions } from './session.ts'
import type { SessionCore } from './session-core.ts'
import type { SessionNotice } from './session-notice.ts'
import { inTurn, signInNow, signOutNow } from './sign-in-and-out.ts'

/** How long giving up what is still under way may take, in milliseconds: a store that hangs is not waited for longer. */
const abandonMilliseconds = 1_000

/**
 * What the doors of the library need of a session, without showing it on the session itself.
 * @throws TypeError when the value is not a session of this copy of the library
 */
export function coreOf(session: Session): SessionCore {
  return LiveSession.coreOf(session)
}

/** A session as apps have it. A class, since thousands of sessions share its functions. */
export class LiveSession implements Session {
  readonly #core: SessionCore
  #claims: { readonly idToken: string; readonly claims: IdTokenClaims | undefined } | undefined
  #disposal: Promise<void> | undefined
  readonly key: string
  readonly actor: SessionCore['actor']
  // What frameworks are handed without the session: `useSyncExternalStore(session.subscribe, session.getSnapshot)`.
  readonly getSnapshot: Session['getSnapshot']
  readonly subscribe: Session['subscribe']

  constructor(core: SessionCore) {
    this.#core = core
    this.key = core.key
    this.actor = core.actor
    this.getSnapshot = () => core.snapshot
    this.subscribe = (listener) => core.listeners.subscribe(listener)
  }

  static coreOf(session: Session): SessionCore {
    if (#core in session) return session.#core
    throw new TypeError('Expected a session that createSession of this very copy of authchart made.')
  }

  get ready() {
    return this.#core.ready
  }

  /** The claims of the id token that is held. It was validated when it came, or is the app's word. */
  get claims(): IdTokenClaims | undefined {
    const { idToken } = this.#core.vault
    if (idToken === undefined) this.#claims = undefined
    else if (this.#claims?.idToken !== idToken) {
      this.#claims = { idToken, claims: freeze<IdTokenClaims | undefined>(readJwtClaims(idToken)) }
    }
    return this.#claims?.claims
  }

  get details() {
    return freeze(this.#core.vault.details)
  }

  getAccessToken(options?: GetAccessTokenOptions) {
    const { vault, clock, isDeparting } = this.#core
    // A fresh token costs a comparison: no store, no lease, no timer, no event, and nothing new in memory.
    if (clock.now() < vault.freshUntil && vault.resolvedToken !== undefined && isUndemanding(options)) {
      return vault.resolvedToken
    }
    if (isDeparting) return Promise.reject(new SessionDisposedError())
    return getAccessTokenSlowly(this.#core, options)
  }

  refresh(options?: { signal?: AbortSignal }) {
    if (this.#core.isDeparting) return Promise.reject(new SessionDisposedError())
    return refreshNow(this.#core, options)
  }

  signIn(tokens: SignInTokens, options: SignInOptions = {}) {
    return inTurn(this.#core, async () => {
      this.#refuseDeparting()
      await signInNow(this.#core, tokens, options)
      // The chart has heard of it by now, unless the caller is a listener that the chart itself is just calling.
      await Promise.resolve()
      return this.#core.snapshot
    })
  }

  signOut(options: SignOutOptions = {}) {
    return inTurn(this.#core, async () => {
      this.#refuseDeparting()
      return signOutNow(this.#core, options)
    })
  }

  async checkStore() {
    this.#refuseDeparting()
    const checked = await checkStore(this.#core)
    if (!checked.ok) throw checked.error
    // A record that a newer version has written, or that a locked keyring seals, is not written over.
    const read = await readRecord(this.#core)
    if (!read.ok && read.replaceable === undefined) throw read.error
  }

  on(type: SessionNotice['type'] | '*', listener: (notice: never) => void) {
    return this.#core.listeners.on(type, listener)
  }

  reportOutcome(outcome: RequestOutcome) {
    const core = this.#core
    // No other member: those who watch the chart see all that goes into it.
    const { outcome: kind, origin = '', generation = 0, status } = (outcome ?? {}) as Partial<RequestOutcome>
    const request = { origin, generation, status }
    if (kind === 'rejected' || kind === 'rejectedAfterRefresh') reject(core, { ...request, address: origin })
    if (kind === 'accepted') accept(core, request, () => ({ url: origin }))
    if (kind === 'stepUpRequired' || kind === 'networkFailed') core.noteOutcome({ ...request, outcome: kind })
  }

  close() {
    this.#disposal ??= dispose(this.#core)
    return this.#disposal
  }

  [Symbol.asyncDispose]() {
    return this.close()
  }

  #refuseDeparting() {
    if (this.#core.isDeparting) throw new SessionDisposedError()
  }
}

/** Whether a token that is fresh is all that a caller wants. */
function isUndemanding(options: GetAccessTokenOptions | undefined): boolean {
  return (
    options === undefined ||
    (options.minimumValidityMilliseconds === undefined &&
      options.newerThan === undefined &&
      options.signal?.aborted !== true)
  )
}

/**
 * Lets a refresh under way come to its end, for as long as the app allows; then gives it up. What was sent and not
 * answered is known to the next holder by its intent.
 */
async function dispose(core: SessionCore): Promise<void> {
  core.leave('departure')
  await settleWithin(core, core.options.disposeTimeoutMilliseconds)
  core.leave('abandonment')
  await settleWithin(core, abandonMilliseconds)
  core.leave('stopped')
}

async function settleWithin(core: SessionCore, milliseconds: number): Promise<void> {
  const settled = new AbortController()
  const done = core.untilIdle().then(() => settled.abort())
  await Promise.race([done, wait(core.clock, milliseconds, { signal: settled.signal, keepAlive: true })])
  settled.abort()
}

/** Freezes an object to its depth. Not by recursion: a token may be nested deeper than the stack. */
function freeze<Value>(value: Value): Value {
  const found: unknown[] = [value]
  while (found.length > 0) {
    const next = found.pop()
    // What is frozen has been here: an app's own object may lead back to itself.
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    for (const member of Object.values(Object.freeze(next))) found.push(member)
  }
  return value
}

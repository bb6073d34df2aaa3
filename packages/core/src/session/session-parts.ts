import { timeoutSignal } from '../clock/wait.ts'
import type { StoreError } from '../errors/store-error.ts'
import type { SessionDebugEntry } from '../refresh/debug-entry.ts'
import { createStoreAccess, type StoreAccess } from '../refresh/store-access.ts'
import type { TokenSet } from '../token/token-set.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { type BackgroundWork, createBackgroundWork } from './background-work.ts'
import type { SessionEvent } from './session-events.ts'
import type { ResolvedOptions } from './session-options.ts'
import type { SignOutResult } from './sign-out.ts'
import { tellListener } from './tell-listener.ts'
import { createVault, type Vault } from './vault.ts'

/** What the parts of one session share. */
export interface SessionParts {
  readonly options: ResolvedOptions
  readonly vault: Vault
  readonly store: StoreAccess
  readonly background: BackgroundWork
  /** Aborts when the session begins to be disposed of: nothing new is begun. */
  readonly departure: AbortController
  /** Aborts when that has waited long enough. */
  readonly abandonment: AbortController
  /** Aborts when the session is gone: nobody waits for the store any more. */
  readonly stopped: AbortController
  /** Why the store could not be read at the start. */
  restoreError: StoreError | undefined
  /** Resolves when the last sign-in or sign-out in line has come to its end, good or bad; absent when there is none. */
  identityChange: Promise<void> | undefined
  /** The sign-out under way, or the last one. */
  signOut: Promise<SignOutResult> | undefined
  /** Random, one per session object. */
  readonly holder: string
  createId(): string
  /** Sends an event to the chart. */
  send(event: SessionEvent): void
  /** Revokes tokens that nobody uses any more, in the background or awaited; a failure becomes a notice. */
  revoke(tokenSet: TokenSet): Promise<void>
  debug(entry: object): void
}

/** How long a revocation may take, in milliseconds. */
const revocationMilliseconds = 10_000

export function createSessionParts(options: ResolvedOptions, send: (event: SessionEvent) => void): SessionParts {
  const { clock, random, grant, key } = options
  const background = createBackgroundWork()
  const abandonment = new AbortController()
  const stopped = new AbortController()

  async function revoke(tokenSet: TokenSet): Promise<void> {
    const timeout = timeoutSignal(clock, revocationMilliseconds, { signal: abandonment.signal })
    try {
      const revocation = grant.revoke?.(tokenSet, { signal: timeout.signal })
      await untilAborted(Promise.resolve(revocation), timeout.signal)
    } catch {
      send({ type: 'revocation.failed' })
    } finally {
      timeout.stop()
    }
  }

  return {
    options,
    vault: createVault({
      random,
      needsRefreshToken: grant.needsRefreshToken,
      dpop: grant.dpop,
      now: () => clock.now(),
    }),
    store: createStoreAccess(options.store, { key, clock, stopped: stopped.signal, grant }),
    background,
    departure: new AbortController(),
    abandonment,
    stopped,
    restoreError: undefined,
    identityChange: undefined,
    signOut: undefined,
    holder: createId(),
    createId,
    send,
    revoke(tokenSet) {
      const work = revoke(tokenSet)
      background.add(work)
      return work
    },
    debug(entry) {
      if (options.debug === undefined) return
      const stamped = { at: clock.now(), key, ...entry } as SessionDebugEntry
      tellListener('`debug`', () => options.debug?.(stamped))
    },
  }
}

/** 128 random bits. Not `randomUUID`: that is missing in pages without https. */
function createId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

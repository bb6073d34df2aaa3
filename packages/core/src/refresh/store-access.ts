import type { Clock } from '../clock/clock.ts'
import { isStoreError, StoreError, type StoreErrorCode } from '../errors/store-error.ts'
import { parseSessionRecord, type SessionRecord } from '../store/session-record.ts'
import type { SessionStore } from '../store/session-store.ts'
import { type Grant, needsSignIn } from '../token/grant.ts'
import { storeOperationMilliseconds } from './refresh-timing.ts'

/** What an operation of a store came to. */
export type StoreResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: StoreError }

/** The operations of a store on one session, bounded in time, trusting nothing, and never throwing. */
export interface StoreAccess {
  read(): Promise<StoreResult<SessionRecord | undefined>>
  compareAndSet(expectedRevision: string | undefined, next: SessionRecord): Promise<StoreResult<boolean>>
  /** The store's own check whether a sign-in could be kept; nothing where it has none. */
  check(): Promise<StoreResult<void>>
}

export function createStoreAccess(
  store: SessionStore,
  options: { key: string; clock: Clock; stopped: AbortSignal; grant: Pick<Grant, 'signIn'> },
): StoreAccess {
  const { key, grant } = options
  return {
    async read() {
      const result = await bounded(options, () => store.read(key))
      return result.ok ? parseRead(key, result.value, grant) : result
    },
    compareAndSet: (expectedRevision, next) => bounded(options, () => store.compareAndSet(key, expectedRevision, next)),
    check: () => bounded(options, async () => store.check?.(key)),
  }
}

function parseRead(key: string, value: unknown, grant: Pick<Grant, 'signIn'>): StoreResult<SessionRecord | undefined> {
  if (value === undefined) return { ok: true, value }
  const parsed = parseSessionRecord(value)
  switch (parsed.kind) {
    case 'record':
      if (isTorn(parsed.record, grant)) return unreadable(key, '`secrets` is missing or malformed')
      return { ok: true, value: parsed.record }
    case 'newerFormat':
      return failed(
        'recordFromNewerVersion',
        `The session ${JSON.stringify(key)} was written by a newer version of authchart (format ${parsed.formatVersion}); update this program. It was left as it is.`,
      )
    case 'malformed':
      return unreadable(key, parsed.problem)
  }
}

/** Only a session that began without a sign-in can have no tokens yet. */
function isTorn(record: SessionRecord, grant: Pick<Grant, 'signIn'>): boolean {
  return record.status === 'signedIn' && record.secrets === undefined && needsSignIn(grant)
}

function unreadable(key: string, problem: string): StoreResult<never> {
  return failed(
    'recordUnreadable',
    `What the store holds as the session ${JSON.stringify(key)} is no session: ${problem}. It was left as it is; remove it to sign in anew.`,
  )
}

function failed(code: StoreErrorCode, message: string): StoreResult<never> {
  return { ok: false, error: new StoreError(code, message) }
}

/** An operation that takes too long counts as failed. It may still land: whoever goes on compares revisions. */
async function bounded<Value>(
  { clock, stopped }: { clock: Clock; stopped: AbortSignal },
  operation: () => Promise<Value>,
): Promise<StoreResult<Value>> {
  const { promise: late, resolve } = Promise.withResolvers<StoreResult<Value>>()
  const giveUp = () =>
    resolve(failed('storeUnavailable', 'The store did not answer in time; what was asked of it may still happen.'))
  if (stopped.aborted) {
    giveUp()
    return late
  }
  const timer = clock.setTimeout(giveUp, storeOperationMilliseconds)
  stopped.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([settle(operation), late])
  } finally {
    clock.clearTimeout(timer)
    stopped.removeEventListener('abort', giveUp)
  }
}

async function settle<Value>(operation: () => Promise<Value>): Promise<StoreResult<Value>> {
  try {
    return { ok: true, value: await operation() }
  } catch (error) {
    return { ok: false, error: toStoreError(error) }
  }
}

/** What a store threw, as a `StoreError`. An error of another kind is not passed on: it may hold what was written. */
export function toStoreError(error: unknown): StoreError {
  if (isStoreError(error)) return error
  const name = error instanceof Error ? error.name : typeof error
  return new StoreError('storeUnavailable', `The store failed with a ${name}; try again later.`)
}

/** What a failure of the store means for somebody who wants a token. */
export function storeFailureCode(error: StoreError): 'storeLocked' | 'storeUnavailable' {
  return error.code === 'storeLocked' ? 'storeLocked' : 'storeUnavailable'
}

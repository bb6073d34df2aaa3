import { isObject, isText, withoutUndefined } from '../errors/check-options.ts'
import { isStoreError, StoreError, type StoreErrorCode } from '../errors/store-error.ts'
import { isGeneration, parseSessionRecord, type SessionRecord } from '../store/session-record.ts'
import type { ExpectedRecord, Lease } from '../store/session-store.ts'
import type { RefreshHolder } from './holder.ts'
import { storeOperationMilliseconds } from './timing.ts'

/** What an operation of a store came to. */
export type StoreResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false
      readonly error: StoreError
      /** What a sign-in or a sign-out may write over, though it cannot be read. */
      readonly replaceable?: ExpectedRecord
    }

/** Whose store, and whose session in it. */
export type StoreHolder = Pick<
  RefreshHolder,
  'key' | 'store' | 'grant' | 'clock' | 'isStopped' | 'onStopped' | 'writtenRevision'
>

/** Reads the record of a session: bounded in time, trusting nothing, and never throwing. */
export async function readRecord(holder: StoreHolder): Promise<StoreResult<SessionRecord | undefined>> {
  const result = await bounded(holder, () => holder.store.read(holder.key))
  if (result.ok) return result.value === undefined ? result : parseRead(result.value, holder)
  const { replaceToken } = result.error
  return replaceToken === undefined ? result : { ...result, replaceable: { unreadable: replaceToken } }
}

/** Writes the record of a session by compare-and-set: bounded in time, and never throwing. */
export async function writeRecord(
  holder: StoreHolder,
  expected: ExpectedRecord,
  next: SessionRecord,
  options?: { readonly under?: Lease },
): Promise<StoreResult<boolean>> {
  const written = storable(next)
  // It could not be read again. A refresh comes here with its intent: nothing is sent.
  if (!isGeneration(next.highestReservedGeneration)) {
    return failed('storeUnavailable', 'The generations of this session are used up: remove its record.')
  }
  // Before it is written: the store may hint at it before it answers.
  holder.writtenRevision = written.revision
  const result = await bounded(holder, () => holder.store.compareAndSet(holder.key, expected, written, options))
  // It may still land: then this holder has to hear of it.
  if (!result.ok) holder.writtenRevision = ''
  return result
}

/** The store's own check whether a sign-in could be kept; nothing where it has none. */
export function checkStore(holder: StoreHolder): Promise<StoreResult<void>> {
  return bounded(holder, async () => holder.store.check?.(holder.key))
}

/** Whether a write that failed has been made nevertheless. */
export async function hasLanded(holder: StoreHolder, revision: string): Promise<boolean> {
  const read = await readRecord(holder)
  return read.ok && read.value?.revision === revision
}

/** Records are stored without members that say nothing. */
function storable(record: SessionRecord): SessionRecord {
  const { identity, end, secrets } = record
  return withoutUndefined({
    ...record,
    identity: withoutUndefined(identity),
    end: end && withoutUndefined(end),
    secrets: secrets && withoutUndefined({ ...secrets, tokenSet: withoutUndefined(secrets.tokenSet) }),
  })
}

function parseRead(value: unknown, { key, grant }: StoreHolder): StoreResult<SessionRecord> {
  const parsed = parseSessionRecord(value)
  if (parsed.kind === 'newerFormat') {
    return failed(
      'recordFromNewerVersion',
      `A newer version of authchart wrote the session ${JSON.stringify(key)} (format ${parsed.formatVersion}): update this program.`,
    )
  }
  if (parsed.kind === 'malformed') return unreadable(key, parsed.problem, value)
  const { record } = parsed
  // Only a session whose grant signs in by itself can have no tokens yet.
  const isTorn = record.status === 'signedIn' && record.secrets === undefined && grant.signIn === undefined
  return isTorn ? unreadable(key, '`secrets` is missing or malformed', value) : { ok: true, value: record }
}

function unreadable(key: string, problem: string, value: unknown): StoreResult<never> {
  const result = failed(
    'recordUnreadable',
    `The stored session ${JSON.stringify(key)} is invalid: ${problem}. A sign-in replaces it.`,
  )
  const revision = isObject(value) ? value.revision : undefined
  return isText(revision) ? { ...result, replaceable: revision } : result
}

function failed(code: StoreErrorCode, message: string): Extract<StoreResult<never>, { ok: false }> {
  return { ok: false, error: new StoreError(code, message) }
}

/** An operation that takes too long counts as failed. It may still land: what follows compares revisions. */
function bounded<Value>(holder: StoreHolder, operation: () => Promise<Value>): Promise<StoreResult<Value>> {
  const { clock, isStopped } = holder
  if (isStopped) return Promise.resolve(unanswered())
  return new Promise((resolve) => {
    const settle = (result: StoreResult<Value>) => {
      clock.clearTimeout(timer)
      forget()
      resolve(result)
    }
    const giveUp = () => settle(unanswered())
    const timer = clock.setTimeout(giveUp, storeOperationMilliseconds)
    const forget = holder.onStopped(giveUp)
    call(operation).then(
      (value) => settle({ ok: true, value }),
      (error: unknown) => settle({ ok: false, error: toStoreError(error) }),
    )
  })
}

function unanswered() {
  return failed('storeUnavailable', 'The store did not answer in time; it may still do what was asked.')
}

/** What an operation throws at once is a rejection like any other. */
async function call<Value>(operation: () => Promise<Value>): Promise<Value> {
  return operation()
}

/** What a store threw, as a `StoreError`. An error of another kind is not passed on: it may hold what was written. */
export function toStoreError(error: unknown): StoreError {
  if (isStoreError(error)) return error
  const name = error instanceof Error ? error.name : typeof error
  return new StoreError('storeUnavailable', `The store failed with a ${name}; try again later.`)
}

/** What a failure of the store means for a caller who wants a token. */
export function storeFailureCode(error: StoreError): 'storeLocked' | 'storeUnavailable' {
  return error.code === 'storeLocked' ? 'storeLocked' : 'storeUnavailable'
}

import { type Grant, type GrantOutcome, type GrantRequest, memoryStore, type SessionStore } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { createSimulatedClock } from '@authchart/core/testing'
import type { RefreshPrompt } from '../../packages/core/src/policy/choose-record.ts'
import type { RefreshHolder, RefreshOutcome } from '../../packages/core/src/refresh/holder.ts'
import { refreshUnderLease } from '../../packages/core/src/refresh/refresh-under-lease.ts'
import { recordTime } from './session-records.ts'

/** An answer of the grant: at once, or as the function says. */
export type GrantAnswer = GrantOutcome | ((request: GrantRequest) => Promise<GrantOutcome> | GrantOutcome)

/** A holder of the session `session-under-test`, which writes down what it does. */
export interface TestHolder {
  readonly clock: ReturnType<typeof createSimulatedClock>
  /** The store itself, without the diary and without trouble. */
  readonly memory: SessionStore
  /** Replaces operations of the store that the holder sees. */
  readonly store: { -readonly [Method in keyof SessionStore]: SessionStore[Method] }
  /** What was done, in order: `lease`, `read`, `write intent`, `request refresh-1`, `write tokens` (or `pause`,
   * `failure …`, `end …`), `give back`. */
  readonly diary: string[]
  /** Refresh tokens that were sent. */
  readonly sent: (string | undefined)[]
  /** Access tokens that were revoked. */
  readonly revoked: string[]
  readonly reported: string[]
  readonly debugged: object[]
  readonly interest: AbortController
  readonly abandonment: AbortController
  readonly stopped: AbortController
  /** Origins whose run of rejections this holder has seen end. */
  readonly endedRuns: Map<string, number>
  /** Settings that tests change. */
  readonly settings: {
    /** Since when the device says that it has no network. */
    offlineSince?: number
    random: number
    giveUpAfterMilliseconds?: number
    /** What this holder knows of the session. */
    knownRecord?: SessionRecord
  }
  /** What the record is now. */
  record(): Promise<SessionRecord | undefined>
  /** Writes over the record, as another holder would. */
  overwrite(change: (record: SessionRecord) => SessionRecord): Promise<void>
  /** Refreshes; time passes until that has come to something. */
  refresh(prompt?: Partial<RefreshPrompt>): Promise<RefreshOutcome>
  /** Begins to refresh; no time passes. */
  begin(prompt?: Partial<RefreshPrompt>): Promise<RefreshOutcome>
  /** Lets time pass until a promise settles, for at most ten minutes. */
  pass<Value>(promise: Promise<Value>): Promise<Value>
}

/** The key of the session. */
export const refreshKey = 'session-under-test'

/** A holder on a store with that record, and a grant that answers so; `signsIn`: and signs in by itself. */
export async function openHolder(
  record: SessionRecord | undefined,
  answers: GrantAnswer[] = [],
  { signsIn = false, ...grantChanges }: Partial<Grant> & { signsIn?: boolean } = {},
): Promise<TestHolder> {
  const clock = createSimulatedClock({ now: recordTime })
  const memory = memoryStore()
  if (record !== undefined) await memory.compareAndSet(refreshKey, undefined, record)
  const diary: string[] = []
  const sent: (string | undefined)[] = []
  const revoked: string[] = []
  const reported: string[] = []
  const debugged: object[] = []
  const interest = new AbortController()
  const abandonment = new AbortController()
  const stopped = new AbortController()
  const settings: TestHolder['settings'] = { random: 0 }
  const endedRuns = new Map<string, number>()
  let ids = 0
  const store = createDiaryStore(memory, diary)

  const refresh: Grant['refresh'] = async (request) => {
    diary.push(`request ${request.refreshToken}`)
    sent.push(request.refreshToken)
    const answer = answers.shift()
    if (answer === undefined) throw new Error('more requests than answers')
    return typeof answer === 'function' ? answer(request) : answer
  }
  const grant: Grant = {
    needsRefreshToken: !signsIn,
    identity: {},
    refresh,
    signIn: signsIn ? refresh : undefined,
    ...grantChanges,
  }

  const holder: RefreshHolder = {
    key: refreshKey,
    holderId: 'holder-1',
    store,
    grant,
    clock,
    options: {
      random: () => settings.random,
      get giveUpAfterMilliseconds() {
        return settings.giveUpAfterMilliseconds
      },
    },
    createId: () => {
      ids += 1
      return `id-${ids}`
    },
    abandonment: abandonment.signal,
    get isStopped() {
      return stopped.signal.aborted
    },
    onStopped: whenAborted(stopped.signal),
    get offlineSince() {
      return settings.offlineSince
    },
    failuresInARow: 0,
    failingMilliseconds: 0,
    highestGeneration: 0,
    get knownRecord() {
      return settings.knownRecord
    },
    endedRuns,
    revoke: (tokenSet) => void revoked.push(tokenSet.accessToken),
    debug: (entry) => void debugged.push(entry),
  }

  function begin(prompt: Partial<RefreshPrompt> = {}) {
    return refreshUnderLease({
      holder,
      prompt: { generation: record?.generation ?? 0, cause: 'due', ...prompt },
      interest: interest.signal,
      report: (step) => void reported.push(step.type),
    })
  }

  async function pass<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false
    const settled = promise.finally(() => {
      isSettled = true
    })
    settled.catch(() => {})
    const until = clock.now() + 600_000
    await clock.advance(0)
    while (!isSettled && clock.now() < until) await clock.advance(500)
    if (!isSettled) throw new Error('Ten minutes were not enough')
    return settled
  }

  return {
    clock,
    memory,
    store,
    diary,
    sent,
    revoked,
    reported,
    debugged,
    interest,
    abandonment,
    stopped,
    endedRuns,
    settings,
    record: () => memory.read(refreshKey),
    async overwrite(change) {
      const current = await memory.read(refreshKey)
      if (current === undefined) throw new Error('no record')
      ids += 1
      await memory.compareAndSet(refreshKey, current.revision, { ...change(current), revision: `theirs-${ids}` })
    },
    begin,
    refresh: (prompt) => pass(begin(prompt)),
    pass,
  }
}

/** A store that writes down what is asked of it. */
function createDiaryStore(memory: SessionStore, diary: string[]): SessionStore {
  let last: SessionRecord | undefined
  return {
    ...memory,
    async read(key) {
      diary.push('read')
      last = await memory.read(key)
      return last
    },
    compareAndSet(key, expectedRevision, next) {
      diary.push(`write ${describeWrite(next, last)}`)
      return memory.compareAndSet(key, expectedRevision, next)
    },
    async lease(key, options) {
      const lease = await memory.lease(key, options)
      diary.push('lease')
      return {
        lost: lease.lost,
        async [Symbol.asyncDispose]() {
          diary.push('give back')
          await lease[Symbol.asyncDispose]()
        },
      }
    },
  }
}

function describeWrite(record: SessionRecord, last: SessionRecord | undefined): string {
  if (record.status === 'ended') return `end ${record.end?.reason}`
  if (record.failure !== undefined) return `failure ${record.failure.code}`
  if (record.refreshIntent !== undefined) return 'intent'
  return record.generation === last?.generation ? 'pause' : 'tokens'
}

/** What calls back once a signal aborts. */
export function whenAborted(signal: AbortSignal): RefreshHolder['onStopped'] {
  return (callback) => {
    signal.addEventListener('abort', callback)
    return () => signal.removeEventListener('abort', callback)
  }
}

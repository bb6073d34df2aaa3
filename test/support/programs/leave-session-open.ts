import { writeSync } from 'node:fs'
import { createSession, memoryStore, type SessionStore, StoreError, type TokenSetInput } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'

/** What this program does before its script is done. Without `dispose` it just leaves its sessions open. */
export interface LeaveSessionOpenInput {
  readonly issuer: string
  readonly clientId: string
  readonly tokenSet: TokenSetInput
  /** `refresh` begins one and leaves as soon as its request is sent; `backOff` waits for one that fails. */
  readonly begin?: 'refresh' | 'backOff'
  readonly refreshTiming?: 'eager' | 'onUse'
  readonly dispose?: boolean
  /** How many writes of new tokens fail. */
  readonly failingWrites?: number
}

const input = JSON.parse(process.argv[2] ?? '{}') as LeaveSessionOpenInput
const { issuer, clientId, tokenSet, refreshTiming = 'onUse', failingWrites = 0 } = input
const sent = Promise.withResolvers<void>()

const session = createSession({
  key: 'acme:alice',
  store: createTalkingStore(),
  grant: refreshTokenGrant({ issuer, clientId }),
  refreshTiming,
  // Longer than a test waits: a session that keeps the process by mistake keeps it for long.
  disposeTimeoutMilliseconds: 600_000,
  debug: ({ type }) => {
    if (type === 'tokenRequest') sent.resolve()
  },
})
session.subscribe(() => {})
session.on('*', ({ type }) => print(`notice ${type}`))
await session.signIn(tokenSet)
if (input.begin === 'refresh') {
  // A caller that waits would keep the process; one that has left does not.
  const caller = new AbortController()
  session.refresh({ signal: caller.signal }).catch(() => {})
  await sent.promise
  caller.abort()
}
if (input.begin === 'backOff') await session.refresh().catch(() => {})
if (input.dispose === true) await session[Symbol.asyncDispose]()
print('done')

function createTalkingStore(): SessionStore {
  const store = memoryStore()
  let signInGeneration: number | undefined
  let failures = 0
  return {
    ...store,
    async compareAndSet(key, expectedRevision, next) {
      signInGeneration ??= next.generation
      const isRefreshed = next.generation > signInGeneration
      if (isRefreshed && failures < failingWrites) {
        failures += 1
        throw new StoreError('storeUnavailable', 'Not yet.')
      }
      const isWritten = await store.compareAndSet(key, expectedRevision, next)
      if (isRefreshed && isWritten) print('stored')
      return isWritten
    },
  }
}

/** At once, whatever becomes of the process. */
function print(line: string) {
  writeSync(1, `${line}\n`)
}

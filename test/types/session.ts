import {
  type AccessToken,
  createSession,
  type EndedNotice,
  type EndReason,
  type Explained,
  isRefreshUnavailableError,
  isSessionEndedError,
  isSessionError,
  isStoreError,
  memoryStore,
  RefreshRejectedError,
  type Session,
  type SessionError,
  type SessionNotice,
  type SessionOptions,
  type SessionSnapshot,
  type SessionStatus,
  type SessionStore,
  type StoreErrorCode,
  type TransientCode,
} from '@authchart/core'
import { expectType } from './expect-type.ts'

const store = memoryStore()
expectType<SessionStore>()(store)(true)

export const session = createSession({
  key: 'acme:alice',
  store,
  grant: async ({ refreshToken, signal }) => {
    expectType<string | undefined>()(refreshToken)(true)
    expectType<AbortSignal>()(signal)(true)
    if (refreshToken === undefined) throw new RefreshRejectedError({ serverCode: 'invalid_grant' })
    return { accessToken: 'access token', expiresIn: '3600' }
  },
})
expectType<Session>()(session)(true)

export async function readSession(): Promise<void> {
  const token = await session.getAccessToken({ signal: AbortSignal.timeout(1000), minimumValidityMilliseconds: 60_000 })
  expectType<AccessToken>()(token)(true)
  expectType<string>()(token.value)(true)
  expectType<number | undefined>()(token.expiresAt)(true)
  expectType<string | undefined>()(await token.createProof?.({ method: 'GET', url: new URL('https://a.example') }))(
    true,
  )
  // @ts-expect-error: what is handed out is read only
  token.value = 'another'
  // @ts-expect-error: options of another library
  await session.getAccessToken({ forceRefresh: true })
  expectType<AccessToken>()(await session.refresh())(true)
  expectType<SessionSnapshot>()(await session.ready)(true)
  // An option whose value may be absent is passed on as it is.
  const signal = undefined as AbortSignal | undefined
  await session.getAccessToken({ signal })
}

export function readSnapshot(): void {
  const snapshot = session.getSnapshot()
  expectType<SessionStatus>()(snapshot.status)(true)
  expectType<EndReason | undefined>()(snapshot.reason)(true)
  expectType<TransientCode | undefined>()(snapshot.code)(true)
  // @ts-expect-error: a snapshot has no secret in it
  snapshot.accessToken
  // @ts-expect-error: a snapshot is frozen
  snapshot.usable = false
  // @ts-expect-error: there is no such status
  if (snapshot.status === 'valid') return
}

/** As `useSyncExternalStore` of React takes them. */
export function observe(): () => void {
  const useStore = <Value>(subscribe: (onChange: () => void) => () => void, getSnapshot: () => Value) =>
    [subscribe(() => {}), getSnapshot()] as const
  const [unsubscribe, snapshot] = useStore(session.subscribe, session.getSnapshot)
  expectType<SessionSnapshot>()(snapshot)(true)
  return unsubscribe
}

export async function signInAndOut(): Promise<void> {
  const tokens = { accessToken: 'access token', refreshToken: 'refresh token', expiresIn: 3600 }
  expectType<SessionSnapshot>()(await session.signIn(tokens, { subject: 'alice', replaceSubject: true }))(true)
  // @ts-expect-error: the wire's names are not ours
  await session.signIn({ access_token: 'access token' })
  // @ts-expect-error: no sign-in without tokens
  await session.signIn()
  await session.signOut()
  await session[Symbol.asyncDispose]()
}

export function listen(): void {
  const stop = session.on('ended', (notice) => {
    expectType<EndedNotice & Explained>()(notice)(true)
    expectType<EndReason>()(notice.reason)(true)
  })
  expectType<() => void>()(stop)(true)
  session.on('*', (notice) => {
    expectType<SessionNotice & Explained>()(notice)(true)
    if (notice.type === 'refreshFailed') expectType<TransientCode>()(notice.code)(true)
  })
  // @ts-expect-error: there is no such notice
  session.on('expired', () => {})
  session.reportOutcome({ outcome: 'rejected', origin: 'wss://api.acme.example', generation: 1, status: 401 })
  // @ts-expect-error: there is no such outcome
  session.reportOutcome({ outcome: 'failed', origin: 'wss://api.acme.example', generation: 1 })
}

/** Each status, reason and code can be told apart to the last: a new one is news to whoever switches over them. */
export function explain(error: unknown): string {
  if (isSessionEndedError(error)) return explainReason(error.reason)
  if (isRefreshUnavailableError(error)) {
    expectType<TransientCode>()(error.code)(true)
    expectType<number | undefined>()(error.retryAt)(true)
    return error.code
  }
  if (isStoreError(error)) expectType<StoreErrorCode>()(error.code)(true)
  if (!isSessionError(error)) throw error
  expectType<SessionError>()(error)(true)
  return `${error.code} ${error.retryable}`
}

function explainReason(reason: EndReason): string {
  switch (reason) {
    case 'grantRejected':
    case 'requestRejected':
    case 'clientRejected':
    case 'rotationLost':
    case 'noRefreshToken':
    case 'identityMismatch':
    case 'recordRemoved':
    case 'unreachable':
      return reason
  }
}

export const wrongOptions: SessionOptions[] = [
  // @ts-expect-error: no session without a grant
  { key: 'acme:alice', store },
  // @ts-expect-error: a misspelt option
  { key: 'acme:alice', store, grant: async () => ({ accessToken: '' }), allowedOrigin: 'https://api.acme.example' },
  // @ts-expect-error: a timing that is none
  { key: 'acme:alice', store, grant: async () => ({ accessToken: '' }), refreshTiming: 'lazy' },
  // @ts-expect-error: a function that returns a string is no grant
  { key: 'acme:alice', store, grant: async () => 'access token' },
]

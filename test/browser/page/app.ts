/** What runs in the pages of the browser tests: an app with one session, opened as its address says. */
import { indexedDbStore } from '@authchart/browser-store'
import {
  createSession,
  isSessionError,
  type Session,
  type SessionNotice,
  type SessionSnapshot,
  type SessionStore,
} from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { type AppConfiguration, readConfiguration } from './configuration.ts'
import { contractCases, runContractCase } from './contract.ts'
import { createFastClock } from './fast-clock.ts'
import { platform } from './platform.ts'

/** What a call came to: the generation of a token, or why there is none. */
export type TokenAnswer = { readonly generation: number } | { readonly error: string; readonly code: string }

/** What tests find in a page as `app`. */
export interface App {
  readonly session: Session
  readonly store: SessionStore
  readonly configuration: AppConfiguration
  readonly notices: readonly SessionNotice[]
  readonly snapshots: readonly SessionSnapshot[]
  /** What came over the channel of the store. */
  readonly heard: readonly unknown[]
  /** Why the store went over to memory. */
  readonly fallbacks: readonly string[]
  /** Errors as text, as a page would log them. */
  readonly errors: readonly string[]
  /** Whether the page came out of the back and forward cache. */
  readonly restored: readonly boolean[]
  token(): Promise<TokenAnswer>
  /** Calls the API, or any other address; resolves with the status, or the name of what was thrown. */
  call(url: string): Promise<number | string>
  /** Resolves once the session is as wanted; rejects after some seconds. */
  until(isMet: (snapshot: SessionSnapshot) => boolean, withinMilliseconds?: number): Promise<SessionSnapshot>
  openAnother(): Session
  readonly platform: typeof import('./platform.ts').platform
  contractCases(): Promise<string[]>
  runContractCase(name: string): Promise<void>
}

declare global {
  var app: App
}

const configuration = readConfiguration(location.search)
const notices: SessionNotice[] = []
const snapshots: SessionSnapshot[] = []
const heard: unknown[] = []
const fallbacks: string[] = []
const errors: string[] = []
const restored: boolean[] = []

platform.setClockOn(configuration.offsetMilliseconds ?? 0)
platform.treatKeys(configuration.keys ?? 'kept')
platform.keepSilent(configuration.silent ?? {})

const store = openStore()
const session = openSession(store)
session.on('*', (notice) => notices.push(notice))
session.subscribe((snapshot) => snapshots.push(snapshot))
const authorizedFetch = createFetch(session)
addEventListener('pageshow', ({ persisted }) => restored.push(persisted))
if (configuration.listens) {
  new BroadcastChannel('authchart:authchart').onmessage = ({ data }) => heard.push(data)
}

function openStore(): SessionStore {
  const { memory, rawKey } = configuration
  return indexedDbStore({
    fallback: memory ? 'memory' : rawKey ? 'rawKey' : undefined,
    onFallback: ({ code }) => fallbacks.push(code),
  })
}

function openSession(openedStore: SessionStore): Session {
  const { issuer, clientId, apiOrigin, key = 'acme:alice', options, speed } = configuration
  return createSession({
    key,
    store: openedStore,
    grant: refreshTokenGrant({ issuer, clientId }),
    allowedOrigins: [apiOrigin],
    ...options,
    ...(speed === undefined ? {} : { runtime: { clock: createFastClock(speed) } }),
  })
}

function note(error: unknown): { error: string; code: string } {
  const { name, message, stack } = error as Error
  errors.push(`${name} ${message} ${stack} ${JSON.stringify(error)}`)
  console.error(error)
  return { error: name, code: isSessionError(error) ? error.code : message }
}

globalThis.app = {
  session,
  store,
  configuration,
  notices,
  snapshots,
  heard,
  fallbacks,
  errors,
  restored,
  token: () => session.getAccessToken().then(({ generation }) => ({ generation }), note),
  call: (url) =>
    authorizedFetch(/^\/[^/]/.test(url) ? configuration.apiOrigin + url : url).then(
      ({ status }) => status,
      (error: unknown) => note(error).error,
    ),
  until(isMet, withinMilliseconds = 10_000) {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`Waited in vain; the session is ${JSON.stringify(session.getSnapshot())}`))
      const timer = setTimeout(late, withinMilliseconds)
      const look = (snapshot: SessionSnapshot) => {
        if (!isMet(snapshot)) return
        clearTimeout(timer)
        unsubscribe()
        resolve(snapshot)
      }
      const unsubscribe = session.subscribe(look)
      look(session.getSnapshot())
    })
  },
  openAnother: () => openSession(openStore()),
  platform,
  contractCases,
  runContractCase,
}

/** What runs in the pages of an app whose users sign in by leaving it. */
import { indexedDbStore } from '@authchart/browser-store'
import { beginRedirect, completeRedirect, type RedirectCompletionOptions } from '@authchart/browser-store/redirect'
import { createSession, isSessionError, type Session, type SessionNotice } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { dpop, refreshTokenGrant } from '@authchart/core/oauth'
import { platform } from './platform.ts'

/** How the app is made. */
export interface RedirectConfiguration {
  issuer: string
  clientId: string
  apiOrigin: string
  /** Whether tokens are bound to a key. */
  isBound?: boolean
  /** The keys of the app's sessions; the first one is that which signs in. */
  keys?: readonly string[]
  /** How often each load completes a sign-in, all at once. Default 1. */
  completions?: number
  options?: Partial<RedirectCompletionOptions>
}

/** What a call came to. */
export type Outcome =
  | { readonly returnTo: string; readonly status: string }
  | { readonly error: string; readonly code: string; readonly serverCode: string | undefined }
  | 'nothing'

/** What tests find in a page as `site`. */
export interface RedirectSite {
  /** Another one with each page that is loaded. */
  readonly visit: string
  readonly session: Session
  readonly sessions: readonly Session[]
  readonly notices: readonly SessionNotice[]
  readonly errors: readonly string[]
  /** The address right after the calls at load, before anything was awaited. */
  readonly addressAtOnce: string
  /** What the calls at load came to. */
  readonly outcomes: Promise<Outcome[]>
  begin(options?: object): Promise<Outcome>
  /** How `begin` has ended in this page, should it have. */
  readonly begun: readonly Outcome[]
  complete(options?: object): Promise<Outcome>
  /** Calls the API. */
  call(path: string): Promise<number>
  readonly platform: typeof import('./platform.ts').platform
}

declare global {
  var configuration: RedirectConfiguration
  var site: RedirectSite
}

const { issuer, clientId, apiOrigin, isBound, keys = ['acme'], completions = 1, options } = configuration
const server = { issuer, clientId, ...(isBound ? { dpop: dpop() } : {}) }
const signingIn = { ...server, redirectUri: '/callback' }
const notices: SessionNotice[] = []
const errors: string[] = []
const begun: Outcome[] = []

const sessions = keys.map((key) =>
  createSession({
    key,
    store: indexedDbStore(),
    grant: refreshTokenGrant(server),
    allowedOrigins: [apiOrigin],
  }),
)
const [session] = sessions as [Session]
session.on('*', (notice) => notices.push(notice))
const authorizedFetch = createFetch(session)

const atLoad = sessions.flatMap((each) =>
  Array.from({ length: completions }, () => tell(completeRedirect(each, { ...signingIn, ...options }))),
)
const addressAtOnce = location.href
// Same-origin: its `Referer` is the whole address.
if (location.pathname === '/callback') void fetch('/after-the-answer')

async function tell(result: Promise<{ returnTo: string; snapshot: { status: string } } | undefined>): Promise<Outcome> {
  try {
    const completed = await result
    return completed ? { returnTo: completed.returnTo, status: completed.snapshot.status } : 'nothing'
  } catch (error) {
    const { name, message, stack } = error as Error
    errors.push(`${name} ${message} ${stack} ${JSON.stringify(error)}`)
    console.error(error)
    const { serverCode } = error as { serverCode?: string }
    return { error: name, code: isSessionError(error) ? error.code : message, serverCode }
  }
}

globalThis.site = {
  visit: crypto.randomUUID(),
  session,
  sessions,
  notices,
  errors,
  addressAtOnce,
  outcomes: Promise.all(atLoad),
  async begin(given) {
    const began = beginRedirect(session, {
      ...signingIn,
      scope: 'openid offline_access',
      prompt: 'consent',
      ...given,
    }).then(() => undefined)
    const outcome = await tell(began)
    begun.push(outcome)
    return outcome
  },
  begun,
  complete: (given) => tell(completeRedirect(session, { ...signingIn, ...options, ...given })),
  call: async (path) => (await authorizedFetch(apiOrigin + path)).status,
  platform,
}

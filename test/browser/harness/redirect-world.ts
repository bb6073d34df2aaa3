import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '../../authorization-server/index.ts'
import { startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import type { Outcome, RedirectConfiguration } from '../page/redirect.ts'
import type { ChromiumTab } from './chromium.ts'
import { buildPageBundle } from './page-bundle.ts'
import { describeInWorld, type Stage } from './with-chromium.ts'

/** The servers around an app whose users sign in by leaving it: every address of its origin is the app. */
export interface RedirectWorld extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly api: Api
  readonly origin: string
  /** How the next page is loaded. */
  readonly configuration: RedirectConfiguration
  /** The `Referer` of each request to the app but those for its script, by path. */
  readonly referrers: ReadonlyMap<string, string>
}

let bundle: Promise<string> | undefined

/** Tests of such an app in Chromium; skipped, loudly, where there is none. */
export function describeRedirect(name: string, tests: (stage: Stage<RedirectWorld>) => void): void {
  describeInWorld(name, startRedirectWorld, tests)
}

/** Starts the servers; the page is of an origin where nothing is stored yet. */
export async function startRedirectWorld(): Promise<RedirectWorld> {
  bundle ??= buildPageBundle(new URL('../page/redirect.ts', import.meta.url))
  const script = await bundle
  const server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    keepsConnections: false,
    redirectUris: ['http://127.0.0.1/home'],
  })
  const api = await startApi({ authorizationServer: server, keepsConnections: false })
  const configuration: RedirectConfiguration = {
    issuer: server.issuer,
    clientId: server.publicClient.id,
    apiOrigin: api.origin,
  }
  const referrers = new Map<string, string>()
  const pages = await startLoopbackServer((request, response) => {
    const { pathname } = new URL(`http://page.example${request.url}`)
    if (pathname === '/app.js') {
      response.setHeader('content-type', 'text/javascript; charset=utf-8')
      response.end(script)
      return
    }
    referrers.set(pathname, request.headers.referer ?? '')
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><html lang="en"><title>authchart</title><link rel="icon" href="data:,">
<script>globalThis.configuration = ${JSON.stringify(configuration)}</script>
<button onclick="site.begin()">Sign in</button><script type="module" src="/app.js"></script></html>`)
  })
  return {
    server,
    api,
    origin: pages.origin,
    configuration,
    referrers,
    async [Symbol.asyncDispose]() {
      await Promise.all([server.close(), api.close(), pages.close()])
    },
  }
}

/** Opens the app in a new tab. */
export async function openPage({ chromium, world }: Stage<RedirectWorld>, path: string): Promise<ChromiumTab> {
  const tab = await chromium.openTab()
  await tab.open(world.origin + path)
  return tab
}

/** Begins a sign-in in the page, and resolves once another page of the app is there. */
export async function signInByRedirect(tab: ChromiumTab, options: object = {}): Promise<void> {
  const visit = await tab.run((given) => {
    void site.begin(given)
    return site.visit
  }, options)
  await untilAnotherVisit(tab, visit)
}

/** Resolves once another page of the app is there than the one of this visit, with what came of its loading. */
export async function untilAnotherVisit(tab: ChromiumTab, visit: string): Promise<void> {
  await tab.page.waitForFunction((before) => globalThis.site !== undefined && site.visit !== before, visit)
}

/** What the calls at the load of the page came to. */
export function outcomesOf(tab: ChromiumTab): Promise<Outcome[]> {
  return tab.run(() => site.outcomes)
}

/** How the session is, once it is known. */
export function statusOf(tab: ChromiumTab): Promise<string> {
  return tab.run(async () => (await site.session.ready).status)
}

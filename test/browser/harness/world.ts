import {
  type Api,
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startApi,
  startAuthorizationServer,
} from '../../authorization-server/index.ts'
import { tokenSetOf } from '../../support/signed-in-session.ts'
import { type AppConfiguration, writeConfiguration } from '../page/configuration.ts'
import { startPageServer } from './page-server.ts'
import type { Tab } from './tab.ts'

/** The servers around a page, and where the page is: each time at an origin where nothing is stored yet. */
export interface World extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly api: Api
  readonly origin: string
  /** The address of the app. */
  address(changes?: Partial<AppConfiguration>, path?: string): string
  /** Opens the app in a tab. */
  openApp<OpenTab extends Tab>(tab: OpenTab, changes?: Partial<AppConfiguration>): Promise<OpenTab>
  /** Signs alice in at the server and hands the tokens to the app of a tab, which stores them. */
  signIn(tab: Tab): Promise<void>
}

/** Starts the servers. No connection serves two requests: Chromium repeats a POST when one that it uses again dies. */
export async function startWorld(
  lifetimes: AuthorizationServerOptions['lifetimes'] = { accessToken: 3600 },
): Promise<World> {
  const server = await startAuthorizationServer({ lifetimes: { ...lifetimes }, keepsConnections: false })
  const api = await startApi({ authorizationServer: server, keepsConnections: false })
  const pages = await startPageServer()
  const address = (changes: Partial<AppConfiguration> = {}, path = '/') =>
    `${pages.origin}${path}${writeConfiguration({
      issuer: server.issuer,
      clientId: server.publicClient.id,
      apiOrigin: api.origin,
      ...changes,
    })}`
  return {
    server,
    api,
    origin: pages.origin,
    address,
    async openApp(tab, changes) {
      await tab.open(address(changes))
      return tab
    },
    async signIn(tab) {
      const tokens = tokenSetOf(await server.signIn())
      await tab.run(async (tokenSet) => void (await app.session.signIn(tokenSet)), tokens)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([server.close(), api.close(), pages.close()])
    },
  }
}

import { createTokenEndpoint } from '@authchart/core/testing'
import { getRequestListener } from '@hono/node-server'
import { expect, it } from 'vitest'
import { startLoopbackServer } from '../authorization-server/loopback-server.ts'
import type { ChromiumTab } from './harness/chromium.ts'
import { buildPageBundle } from './harness/page-bundle.ts'
import { describeInWorld } from './harness/with-chromium.ts'
import type { Library } from './page/migrate.ts'

let bundle: Promise<string> | undefined

/** One origin for the pages and for the issuer, which has the paths of Auth0 too. */
async function startTenant() {
  bundle ??= buildPageBundle(new URL('./page/migrate.ts', import.meta.url))
  const script = await bundle
  const server = await startLoopbackServer((request, response) => void listener(request, response))
  const { origin } = server
  const endpoint = createTokenEndpoint({ issuer: `${origin}/` })
  const listener = getRequestListener(async (request) => {
    const { pathname, search } = new URL(request.url)
    if (pathname === '/app.js') return new Response(script, { headers: { 'content-type': 'text/javascript' } })
    if (pathname === '/' || pathname === '/callback') {
      const html =
        '<!doctype html><html lang="en"><title>Acme</title><link rel="icon" href="data:,"><script type="module" src="/app.js"></script></html>'
      return new Response(html, { headers: { 'content-type': 'text/html' } })
    }
    const path = pathname.replace('/authorize', '/authorization').replace('/oauth/token', '/token')
    return endpoint.answer(new Request(`${origin}${path}${search}`, request))
  })
  return { origin, endpoint, [Symbol.asyncDispose]: server.close }
}

describeInWorld('an app that moves here', startTenant, (stage) => {
  async function openTab(): Promise<ChromiumTab> {
    const tab = await stage.chromium.openTab()
    await tab.open(stage.world.origin)
    await tab.page.waitForFunction(() => globalThis.migration !== undefined)
    return tab
  }

  /** Signs in by the other library, which stores what it stores. */
  async function signInAsBefore(library: Library): Promise<ChromiumTab> {
    const tab = await openTab()
    const back = tab.page.waitForURL((url) => url.pathname === '/callback')
    await tab.run((name) => void migration.libraries[name]().begin(), library)
    await back
    await tab.page.waitForFunction(() => globalThis.migration !== undefined)
    await tab.run((name) => migration.libraries[name]().complete(), library)
    expect(await tab.run((name) => migration.libraries[name]().isSignedIn(), library)).toBe(true)
    return tab
  }

  const libraries: Library[] = ['oidc-client-ts', 'auth0-spa-js']

  it.each(libraries)('K4 keeps a user of %s signed in, once, and in tabs that are loaded together', async (library) => {
    const old = await signInAsBefore(library)
    const tabs = [await openTab(), await openTab(), await openTab()]
    const moved = await Promise.all(
      tabs.map((tab) => tab.run((name) => migration.move(name, { refreshes: true }), library)),
    )
    expect(moved.filter(({ isTakenOver }) => isTakenOver)).toHaveLength(1)
    expect(moved).toEqual(moved.map(({ isTakenOver }) => ({ isTakenOver, signedIn: true, subject: 'alice', left: [] })))
    expect(stage.world.endpoint.counts).toMatchObject({ refused: 0, reused: 0 })
    expect(await old.run((name) => migration.libraries[name]().isSignedIn(), library)).toBe(false)
  })

  it.each(libraries)('K4 does not bring a user of %s back who has signed out since', async (library) => {
    const tab = await signInAsBefore(library)
    const kept = await tab.run(() => Object.entries(localStorage))
    await tab.run((name) => migration.move(name, { signOut: true }), library)
    // As after a crash before the entry was removed.
    await tab.run((entries) => void entries.map(([name, value]) => localStorage.setItem(name, value)), kept)
    expect(await tab.run((name) => migration.move(name), library)).toEqual({
      isTakenOver: false,
      signedIn: false,
      left: [],
    })
  })

  it('K4 takes over a refresh token of auth0-spa-js whose access token has expired', async () => {
    const tab = await signInAsBefore('auth0-spa-js')
    await tab.run(() => migration.libraries['auth0-spa-js']().letExpire())
    expect(await tab.run(() => JSON.stringify(localStorage))).not.toContain('access-')
    expect(await tab.run(() => migration.move('auth0-spa-js', { refreshes: true }))).toMatchObject({
      isTakenOver: true,
      signedIn: true,
      subject: 'alice',
    })
  })
})

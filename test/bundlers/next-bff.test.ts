import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore } from '@authchart/node-store'
import type { Page, Response } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '../authorization-server/index.ts'
import { type Chromium, startChromium } from '../browser/harness/chromium.ts'
import { hasChromium } from '../support/chromium.ts'
import { findInTexts } from '../support/find-secrets.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'
import { buildNextApp, findTwoPorts, type NextServer, nextApp, startNextServer } from './next-servers.ts'

const key = Buffer.alloc(32, 7)

describe.runIf(hasChromium)('the backend for frontend in Next', () => {
  let folder: TemporaryFolder
  let server: AuthorizationServer
  let api: Api
  let servers: readonly NextServer[]
  let chromium: Chromium
  let page: Page
  /** All that came to the browser. */
  const received: string[] = []

  beforeAll(async () => {
    await buildNextApp()
    const ports = await findTwoPorts()
    const publicUrl = `http://127.0.0.1:${ports[0]}`
    folder = createTemporaryFolder()
    server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 }, wantsPromptForOfflineAccess: false })
    api = await startApi({ authorizationServer: server })
    const environment = {
      ISSUER: server.issuer,
      CLIENT_ID: server.publicClient.id,
      API_URL: api.origin,
      PUBLIC_URL: publicUrl,
      SESSION_FOLDER: folder.path,
      SESSION_KEY: key.toString('base64'),
    }
    servers = await Promise.all(ports.map((port) => startNextServer(port, environment)))
    chromium = await startChromium()
    ;({ page } = await chromium.openTab({ window: true }))
    page.on('response', (response) => void note(response))
    // `next build` takes ten seconds of two cores.
  }, 300_000)
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]()
    await Promise.all(servers.map((each) => each[Symbol.asyncDispose]()))
    await Promise.all([server.close(), api.close(), folder[Symbol.asyncDispose]()])
  })

  async function note(response: Response): Promise<void> {
    received.push(JSON.stringify(await response.allHeaders()), response.url(), await response.text().catch(() => ''))
  }

  /** Asks both processes for the orders at the same time, with the browser's cookie. */
  async function askBoth(): Promise<number[]> {
    const cookie = (await chromium.context.cookies(page.url())).map(({ name, value }) => `${name}=${value}`)
    const asks = servers.map(({ origin }) => fetch(`${origin}/orders`, { headers: { cookie: cookie.join('; ') } }))
    return (await Promise.all(asks)).map(({ status }) => status)
  }

  const storedTokens = async () => {
    const store = fileStore({ directory: folder.path, key })
    const [summary] = await store.list()
    const { accessToken, refreshToken, idToken } = (await store.read(summary?.key ?? ''))?.secrets?.tokenSet ?? {}
    return [accessToken, refreshToken, idToken].filter((token) => token !== undefined)
  }

  test('E4 prerenders nothing that a session is needed for', () => {
    const { routes } = JSON.parse(readFileSync(join(nextApp, '.next/prerender-manifest.json'), 'utf8')) as {
      routes: Record<string, unknown>
    }
    expect(Object.keys(routes).filter((route) => !route.startsWith('/_'))).toEqual([])
  })

  test('E4 signs in and out, on two processes with one store; no token is in the browser or in a cache', async () => {
    const [first, second] = servers as [NextServer, NextServer]
    const secrets: string[] = []
    // Begun at one process, and completed by the other.
    await page.goto(second.origin)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByText('Signed in as alice').waitFor()
    expect(page.url()).toBe(`${first.origin}/`)
    await page.getByText('access token no. 1').waitFor()
    secrets.push(...(await storedTokens()))
    expect(await askBoth()).toEqual([200, 200])

    server.expireAccessTokens()
    expect(await askBoth()).toEqual([200, 200])
    expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
    await page.goto(second.origin)
    await page.getByText('access token no. 2').waitFor()
    secrets.push(...(await storedTokens()))
    expect(new Set(secrets).size).toBeGreaterThanOrEqual(4)

    await server.goDown()
    server.expireAccessTokens()
    expect(await askBoth()).toEqual([503, 503])
    await server.comeBack()

    const cookies = await chromium.context.cookies(first.origin)
    expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toContainEqual({
      name: 'session',
      httpOnly: true,
      sameSite: 'Lax',
    })
    const kept = await page.evaluate(() =>
      JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]),
    )
    expect(kept).toBe('["",{},{}]')
    expect(received.length).toBeGreaterThan(0)
    expect(findInTexts([...received, await page.content(), JSON.stringify(cookies)], secrets)).toEqual([])
    const files = globSync('.next/**/*', { cwd: nextApp, withFileTypes: true }).filter((entry) => entry.isFile())
    const cached = files.flatMap((entry) => readIfThere(join(entry.parentPath, entry.name)))
    expect(findInTexts([...cached, ...servers.map(({ printed }) => printed)], secrets)).toEqual([])

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    expect(await chromium.context.cookies(first.origin)).not.toContainEqual(
      expect.objectContaining({ name: 'session' }),
    )
    expect(await storedTokens()).toEqual([])
  })

  test('answers a browser without a session, or with a made-up one, that it has to sign in', async () => {
    for (const cookie of ['', 'session=made-up']) {
      const response = await fetch(`${servers[0]?.origin}/orders`, { headers: { cookie } })
      expect([response.status, await response.json()]).toEqual([401, { error: 'signInNeeded' }])
    }
    const stray = await fetch(`${servers[0]?.origin}/callback?code=stolen&state=made-up`)
    expect(stray.status).toBe(400)
  })
})

/** The servers write and remove files meanwhile. */
function readIfThere(path: string): string[] {
  try {
    return [readFileSync(path, 'latin1')]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

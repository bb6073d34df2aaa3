import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describeChart, inspectSession, recordSession, sessionInspectorOptions } from '@authchart/core/inspect'
import { sessionMachine } from '@authchart/core/machine'
import { findStates, flatten } from '@authchart/example-inspector/drawing'
import { serveViewer, type Viewer } from '@authchart/example-inspector/serve'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import { createWebSocketInspector } from '@statelyai/inspect'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { hasChromium, startChromium } from '../support/chromium.ts'
import { findInTexts } from '../support/find-secrets.ts'
import { canaryClient, confidentialClient } from '../support/watched-session.ts'
import { liveWholeLife, openLife } from '../support/whole-life.ts'

/** Kept for people to look at; git does not. */
const output = fileURLToPath(new URL('../../output/inspector/', import.meta.url))
const source = (path: string) => `/@fs${fileURLToPath(new URL(`../../${path}`, import.meta.url))}`

let server: AuthorizationServer
let api: Api
let viewer: Viewer
let browser: Browser

describe.skipIf(!hasChromium)('the viewer in Chromium', () => {
  beforeAll(async () => {
    mkdirSync(output, { recursive: true })
    const clients = [confidentialClient(canaryClient)]
    server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 }, clients })
    api = await startApi({ authorizationServer: server })
    viewer = await serveViewer({ port: 0 })
    browser = await startChromium()
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await viewer.close()
    await Promise.all([server.close(), api.close()])
  })

  // It looks at every step of a life.
  test('P55 shows a whole life from Node: every state lit, steps back and forth, no secret', {
    timeout: 240_000,
  }, async () => {
    const page = await openViewer('light')
    expect(await page.locator('#empty').isVisible()).toBe(true)
    await page.screenshot({ path: `${output}waiting.png` })

    await using life = await openLife(server, api)
    const { session } = life.watched
    inspectSession(session, createWebSocketInspector({ ...sessionInspectorOptions, url: viewer.messagesUrl }))
    const recorder = recordSession(session)
    await liveWholeLife(life, { server, api })
    // The last that is told: the hint at what was written comes back.
    await page.getByRole('option', { name: 'record.signedOut' }).waitFor()

    const steps = await page.locator('#events [role=option]').count()
    expect(steps).toBeGreaterThan(40)
    const lit = new Set<string>()
    const taken = new Set<string>()
    await page.keyboard.press('Home')
    const details: string[] = []
    for (let step = 0; step < steps; step += 1) {
      const shown = await page.evaluate(readShown)
      for (const path of shown.lit) lit.add(path)
      for (const triggers of shown.taken) taken.add(triggers)
      details.push(shown.detail)
      await page.keyboard.press('ArrowRight')
    }
    const states = flatten(findStates(describeChart(sessionMachine.config))).map(({ path }) => path)
    // The token is judged within a step: that state is never seen at rest.
    const atRest = states.filter((path) => path !== '' && path !== 'signedIn.token.judging')
    expect([...lit].sort()).toEqual(atRest.sort())
    expect(taken.size).toBeGreaterThan(10)

    expect(await page.locator('#forward').isDisabled()).toBe(true)
    await page.keyboard.press('ArrowLeft')
    expect(await page.locator('#position').textContent()).toContain(`Step ${steps - 1} of ${steps}`)
    expect(await page.locator('#live').getAttribute('aria-pressed')).toBe('false')
    await page.keyboard.press('l')
    expect(await page.locator('#live').getAttribute('aria-pressed')).toBe('true')
    expect(await page.locator('#detail').textContent()).toContain('"signedOut"')

    const secrets = life.watched.secrets()
    expect(secrets.length).toBeGreaterThan(15)
    expect(findInTexts([...details, await page.content()], secrets)).toEqual([])
    writeFileSync(`${output}recording.json`, JSON.stringify(recorder.getRecording(), undefined, 2))
    await chooseFailure(page)
    await page.screenshot({ path: `${output}light.png` })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: `${output}dark.png` })
    await page.context().close()
  })

  test('loads a recording, explains it, and steps through it', async () => {
    const page = await openViewer('dark')
    const recording = await recordAnEnd()
    await page.locator('#recording').setInputFiles({
      name: 'of-alice.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(recording)),
    })
    await page.locator('[data-state="signedIn.refresh.invalidated"].active').waitFor()
    expect(await page.locator('#explanation').textContent()).toContain('The session has ended: grantRejected.')
    expect(await page.locator('#events [role=option]').count()).toBe(recording.transitions.length)
    await page.screenshot({ path: `${output}recording.png` })
    await page.locator('#recording').setInputFiles({
      name: 'other.json',
      mimeType: 'application/json',
      buffer: Buffer.from('{"format":'),
    })
    await page.getByText('other.json is not a recording').waitFor()
    await page.context().close()
  })

  test('receives the messages of an app in the browser, and knows the chart again after it was reloaded', async () => {
    const context = await browser.newContext()
    const app = await context.newPage()
    await app.goto(viewer.url)
    const doors = {
      core: source('packages/core/src/index.ts'),
      inspect: source('packages/core/src/inspect.ts'),
      inspector: '/@id/@statelyai/inspect',
    }
    const opened = app.waitForEvent('popup')
    // As a text, for the browser's own `import`: what runs here rewrites those that it sees.
    await app.evaluate(`(async () => {
      const { memoryStore, createSession } = await import('${doors.core}')
      const { inspectSession, sessionInspectorOptions } = await import('${doors.inspect}')
      const { createBrowserInspector } = await import('${doors.inspector}')
      const tokens = { accessToken: 'canary-access-token', refreshToken: 'canary-refresh-token', expiresIn: 3600 }
      const session = createSession({ key: 'acme:alice', store: memoryStore(), grant: async () => tokens })
      inspectSession(session, createBrowserInspector({ ...sessionInspectorOptions, url: '${viewer.url}' }))
      await session.signIn(tokens)
      for (let refreshes = 0; refreshes < 40; refreshes += 1) await session.refresh()
    })()`)
    const popup = await opened
    const fresh = popup.locator('[data-state="signedIn.token.fresh"].active')
    await fresh.waitFor()
    await popup.reload()
    await fresh.waitFor()
    expect(findInTexts([await popup.content()], ['canary-access-token', 'canary-refresh-token'])).toEqual([])
    await context.close()
  })
})

test.each([
  ['of another site', () => ({ origin: 'https://elsewhere.example' })],
  [
    'whose name leads here',
    (port: string) => ({ host: `evil.example:${port}`, origin: `http://evil.example:${port}` }),
  ],
  ['whose name leads here, without an origin', (port: string) => ({ host: `evil.example:${port}` })],
  ['of another server on this machine', () => ({ origin: 'http://127.0.0.1:1' })],
])('the relay takes no messages from a page %s, and gives it none', async (_name, headersFor) => {
  const other = await serveViewer({ port: 0 })
  try {
    const socket = new WebSocket(other.messagesUrl, { headers: headersFor(new URL(other.url).port) })
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve))
    expect(error.message).toContain('403')
  } finally {
    await other.close()
  }
})

async function openViewer(colorScheme: 'light' | 'dark'): Promise<Page> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.goto(viewer.url)
  return page
}

/** Steps back to where the session backs off: there is most to see. */
async function chooseFailure(page: Page): Promise<void> {
  await page.getByRole('option', { name: 'refresh.failed' }).first().click()
  await page.locator('[data-state="signedIn.refresh.transientFailure.backingOff"].active').waitFor()
}

async function recordAnEnd() {
  await using life = await openLife(server, api)
  const { session, clock } = life.watched
  const recorder = recordSession(session)
  await clock.advance(2_000)
  await session.refresh()
  server.revokeGrant()
  await life.watched.attempt(session.refresh())
  return recorder.getRecording()
}

/** Runs in the page: what is lit at the chosen step, and what is said of it. */
function readShown() {
  const read = (selector: string, name: string) =>
    [...document.querySelectorAll(selector)].map((each) => each.getAttribute(name) ?? '')
  return {
    lit: read('.state.active', 'data-state'),
    taken: read('.arrow.taken', 'data-triggers'),
    detail: document.querySelector('#detail')?.textContent ?? '',
  }
}

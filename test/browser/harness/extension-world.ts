import { createHash } from 'node:crypto'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CDPSession } from 'playwright-core'
import { buildExtension } from '../../../examples/extension/build.ts'
import { type AuthorizationServer, startApi, startAuthorizationServer } from '../../authorization-server/index.ts'
import { startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import { type ChromiumTab, startChromium } from './chromium.ts'

/** The example of an extension in Chromium, and the servers that it asks. */
export interface ExtensionWorld extends AsyncDisposable {
  readonly server: AuthorizationServer
  /** The popup, as a tab: Chromium closes a popup that is not in front. */
  readonly popup: ChromiumTab
  /** A page of a shop, which has the content script. */
  readonly shop: ChromiumTab
  /** Stops the background worker, as the browser does with one that is idle. */
  stopWorker(): Promise<void>
  /** How often a background worker has been started. */
  readonly starts: number
  /** Asks the worker as the content script of the shop does, and resolves with the answer. */
  askAsContentScript(question: string): Promise<unknown>
}

export async function startExtensionWorld(): Promise<ExtensionWorld> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'authchart-extension-')))
  const id = extensionId(folder)
  const server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    keepsConnections: false,
    wantsPromptForOfflineAccess: false,
    redirectUris: [`https://${id}.chromiumapp.org/`],
  })
  const api = await startApi({ authorizationServer: server, keepsConnections: false })
  const pages = await startLoopbackServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end('<!doctype html><html lang="en"><title>A shop</title></html>')
  })
  const configuration = { issuer: server.issuer, clientId: server.publicClient.id, apiOrigin: api.origin }
  await buildExtension(folder, { configuration, pages: 'http://127.0.0.1/*' })
  const chromium = await startChromium([`--load-extension=${folder}`])
  const popup = await chromium.openTab({ window: true })
  const workers = await followWorkers(popup.devTools)
  await popup.open(`chrome-extension://${id}/popup.html`)
  const shop = await chromium.openTab({ window: true })
  await shop.open(pages.origin)
  return {
    server,
    popup,
    shop,
    stopWorker: workers.stop,
    askAsContentScript: (question) => askInWorld(shop.devTools, { name: 'Acme', question }),
    get starts() {
      return workers.starts
    },
    async [Symbol.asyncDispose]() {
      await chromium[Symbol.asyncDispose]()
      await Promise.all([server.close(), api.close(), pages.close(), rm(folder, { recursive: true })])
    },
  }
}

/** Chromium's id of an extension that is loaded from a folder: its path, hashed, in the letters from a to p. */
function extensionId(folder: string): string {
  const digits = createHash('sha256').update(folder).digest('hex').slice(0, 32)
  return digits.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)))
}

async function followWorkers(devTools: CDPSession) {
  let starts = 0
  let isRunning = false
  let onStop = () => {}
  devTools.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
    for (const { runningStatus } of versions) {
      if (runningStatus === 'running' && !isRunning) starts += 1
      isRunning = runningStatus === 'running'
      if (runningStatus === 'stopped') onStop()
    }
  })
  await devTools.send('ServiceWorker.enable')
  return {
    get starts() {
      return starts
    },
    async stop() {
      const stopped = new Promise<void>((resolve) => (onStop = resolve))
      await devTools.send('ServiceWorker.stopAllWorkers')
      await stopped
    },
  }
}

/** Sends a message from the world of its own in which a content script runs. */
async function askInWorld(devTools: CDPSession, { name, question }: { name: string; question: string }) {
  let world: number | undefined
  const note = ({ context }: { context: { id: number; name: string } }) => {
    if (context.name === name) world = context.id
  }
  devTools.on('Runtime.executionContextCreated', note)
  await devTools.send('Runtime.enable')
  const { result } = await devTools.send('Runtime.evaluate', {
    expression: `chrome.runtime.sendMessage(${JSON.stringify(question)}).catch(() => undefined)`,
    contextId: world,
    awaitPromise: true,
    returnByValue: true,
  })
  devTools.off('Runtime.executionContextCreated', note)
  await devTools.send('Runtime.disable')
  return result.value as unknown
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import type { Readable } from 'node:stream'
import { eventually } from '../../support/eventually.ts'
import { findFreePort } from '../../support/postgres/free-port.ts'
import type { Tab } from './tab.ts'
import { connectWebDriver } from './web-driver.ts'

const driverPath = '/usr/bin/WebKitWebDriver'
const displayPath = '/usr/bin/Xvfb'

/** Whether there is the engine of Safari, as Debian has it; where it is not, says so, since its tests are skipped then. */
export const hasWebKit = existsSync(driverPath) && existsSync(displayPath)
if (!hasWebKit)
  console.warn(
    `SKIPPED: ${driverPath} or ${displayPath} is missing. \`pnpm setup:system\` as root installs both on Debian.`,
  )

/** A browser with what only WebKit has a place for. */
export interface WebKit extends AsyncDisposable {
  /** Opens a tab in a window of its own, which is seen whatever else is, or behind the tab of the last window. */
  openTab(place?: 'window' | 'tab'): Promise<Tab>
}

/** Starts WebKitGTK's MiniBrowser on a display that is not seen, with a home of its own. */
export async function startWebKit(): Promise<WebKit> {
  const home = await mkdtemp(join(tmpdir(), 'authchart-webkit-'))
  const display = spawn(displayPath, ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const number = await readLine(display.stdio[3] as Readable)
  const port = await findFreePort()
  const driver = spawn(driverPath, [`--port=${port}`], {
    env: {
      PATH: env.PATH,
      HOME: home,
      XDG_RUNTIME_DIR: home,
      DISPLAY: `:${number}`,
      GDK_BACKEND: 'x11',
      // There is no graphics card, and no bus to be told of.
      LIBGL_ALWAYS_SOFTWARE: '1',
      WEBKIT_DISABLE_DMABUF_RENDERER: '1',
      NO_AT_BRIDGE: '1',
      GSETTINGS_BACKEND: 'memory',
    },
    stdio: 'ignore',
  })
  const address = `http://127.0.0.1:${port}`
  const answers = () =>
    fetch(`${address}/status`).then(
      ({ ok }) => ok,
      () => false,
    )
  await eventually(answers, {
    description: 'WebKitWebDriver answers',
    withinMilliseconds: 60_000,
    pauseMilliseconds: 50,
  })
  const { openTab, close } = await connectWebDriver(address, { browserName: 'MiniBrowser' })
  return {
    openTab: (place = 'window') => openTab(place),
    async [Symbol.asyncDispose]() {
      await close()
      await end(driver)
      await end(display)
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

async function readLine(output: Readable): Promise<string> {
  const [chunk] = await once(output, 'data')
  return String(chunk).trim()
}

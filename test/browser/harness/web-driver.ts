import { setTimeout as pause } from 'node:timers/promises'
import type { Tab } from './tab.ts'

/** A browser that is driven by WebDriver. */
export interface WebDriver {
  openTab(place: 'tab' | 'window'): Promise<Tab>
  close(): Promise<void>
}

/**
 * Begins a session with the browser that a driver starts. A client of our own: those on npm bring ways to download browsers
 * and drivers, and we need six commands.
 * @see https://www.w3.org/TR/webdriver2/
 */
export async function connectWebDriver(address: string, capabilities: object): Promise<WebDriver> {
  const { sessionId } = await command<{ sessionId: string }>('POST', `${address}/session`, {
    capabilities: { alwaysMatch: capabilities },
  })
  const session = `${address}/session/${sessionId}`
  let last: Promise<unknown> = Promise.resolve()

  /** Commands go to one window at a time: that of the last switch. */
  function inWindow<Value>(handle: string | undefined, path: string, parameters: object): Promise<Value> {
    const result = last
      .then(() => handle && command('POST', `${session}/window`, { handle }))
      .then(() =>
        command<Value>(
          path === 'close' ? 'DELETE' : 'POST',
          `${session}/${path === 'close' ? 'window' : path}`,
          parameters,
        ),
      )
    last = result.catch(() => {})
    return result
  }

  return {
    async openTab(type) {
      const { handle } = await inWindow<{ handle: string }>(undefined, 'window/new', { type })
      return createTab((path, parameters) => inWindow(handle, path, parameters))
    },
    close: () => command('DELETE', session),
  }
}

type Send = <Value>(path: string, parameters: object) => Promise<Value>

function createTab(send: Send): Tab {
  const execute = <Value>(script: string, ...args: unknown[]) => send<Value>('execute/sync', { script, args })
  return {
    async run(work: (argument: never) => unknown, argument?: unknown) {
      // Not `execute/async`: no other tab could be told anything until it is done.
      const run = await execute(startRun, String(work), argument ?? null)
      for (;;) {
        const outcome = await execute<string | null>(takeOutcome, run)
        if (outcome !== null) return readOutcome(outcome)
        await pause(5)
      }
    },
    open: (url) => send('url', { url }),
    reload: () => send('refresh', {}),
    close: () => send('close', {}),
  }
}

const startRun = `
const runs = (globalThis.runsOfTests ??= [])
const run = runs.length
runs.push(null)
const tell = (outcome) => (runs[run] = JSON.stringify(outcome))
new Promise((resolve) => resolve((0, eval)('(' + arguments[0] + ')')(arguments[1] ?? undefined))).then(
  (value) => tell({ value }),
  (error) => tell({ error: String(error), stack: error?.stack }),
)
return run`

const takeOutcome = `return globalThis.runsOfTests ? runsOfTests[arguments[0]] : '{"error":"The page was left"}'`

function readOutcome(outcome: string) {
  const { value, error, stack } = JSON.parse(outcome)
  if (error !== undefined) throw new Error(`${error}\n${stack ?? ''}`)
  return value
}

async function command<Value>(method: string, url: string, parameters?: object): Promise<Value> {
  const response = await fetch(url, { method, body: method === 'POST' ? JSON.stringify(parameters) : undefined })
  const { value } = (await response.json()) as { value: Value & { error: string; message: string } }
  if (!response.ok) throw new Error(`WebDriver: ${value.error}: ${value.message}`)
  return value
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, sendPage, sendStatus } from './answer-page.ts'

/** Waits for a browser on this machine. Keeps the process alive until it is disposed of. */
export interface CallbackListener extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123/callback`. */
  readonly redirectUri: string
  /**
   * The first request that carries this `state`, and it once; any other one is shown the door. The browser is kept
   * waiting until `answer`.
   */
  expect(state: string): Promise<URL>
  /** Shows the browser how it has come out: it, and whoever comes with the same `state` again. */
  answer(answer: Answer): void
}

/** How long the browser may take to read its page, in milliseconds. */
const goodbyeMilliseconds = 1_000

/**
 * Listens on 127.0.0.1, an address and not a name, which could lead elsewhere (RFC 8252, section 8.3).
 *
 * @param port 0 for any free one
 */
export async function listenForCallback({ path, port }: { path: string; port: number }): Promise<CallbackListener> {
  const server = createServer((request, response) => handle(request, response))
  const address = await listen(server, port)
  const origin = `http://127.0.0.1:${address.port}`
  const { promise: callback, resolve } = Promise.withResolvers<URL>()
  /** Who waits to hear how it has come out. */
  let held: readonly ServerResponse[] = []
  let expected: string | undefined
  let outcome: Answer | undefined

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = readCallback(request, { origin, path })
    if (typeof url === 'number') {
      sendStatus(response, url, url === 405 ? { allow: 'GET' } : {})
      return
    }
    // Before anything else of it is looked at: anybody can send a browser here.
    if (expected === undefined || !hasState(url, expected)) {
      sendPage(response, 'foreign')
      return
    }
    if (outcome !== undefined) {
      sendPage(response, outcome)
      return
    }
    held = [...held, response]
    resolve(url)
  }

  function answer(said: Answer): void {
    outcome ??= said
    for (const response of held) sendPage(response, outcome)
    held = []
  }

  return {
    redirectUri: `${origin}${path}`,
    expect(state) {
      expected = state
      return callback
    },
    answer,
    async [Symbol.asyncDispose]() {
      answer('cancelled')
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeIdleConnections()
      const goodbye = setTimeout(() => server.closeAllConnections(), goodbyeMilliseconds)
      await closed
      clearTimeout(goodbye)
    },
  }
}

/** The URL of a request that may be a callback; else the status that it deserves. */
function readCallback(request: IncomingMessage, expected: { origin: string; path: string }): URL | number {
  const { origin, path } = expected
  const { url = '', method, headers } = request
  // A page whose name was rebound to this address sends its own name here.
  if (`http://${headers.host}` !== origin) return 421
  if (!url.startsWith('/') || !URL.canParse(origin + url)) return 400
  const callback = new URL(origin + url)
  if (callback.pathname !== path) return 404
  return method === 'GET' ? callback : 405
}

function hasState({ searchParams }: URL, expected: string): boolean {
  const states = searchParams.getAll('state')
  return states.length === 1 && states[0] === expected
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}

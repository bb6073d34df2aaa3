import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignInError } from '@authchart/core'
import { type Answer, sendPage, sendStatus } from './answer-page.ts'

/** Waits for a browser on this machine. Keeps the process alive until it is disposed of. */
export interface CallbackListener extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123/callback`. */
  readonly redirectUri: string
  /**
   * The first request that carries this `state`, or an `error` and no `state` at all, and it once; any other request is
   * refused. The browser is kept waiting until `answer`.
   */
  expect(state: string): Promise<URL>
  /** Shows the browser how it has come out: also one that comes with the same `state` again. */
  answer(answer: Answer): void
}

/** Where to listen. */
export interface ListeningOptions {
  readonly path: string
  /** The ports to try, one after the other; 0 for any free one. */
  readonly ports: readonly number[]
  readonly host: '127.0.0.1' | 'localhost'
}

/** How long the browser may take to read its page, in milliseconds. */
const goodbyeMilliseconds = 1_000

/**
 * Listens on the loopback interface: on 127.0.0.1, an address and not a name, which could lead elsewhere (RFC 8252,
 * section 8.3); on `localhost` for servers that know only that, and then by IPv6 as well.
 *
 * @throws SignInError `portUnavailable` when none of the ports can be used
 */
export async function listenForCallback({ path, ports, host }: ListeningOptions): Promise<CallbackListener> {
  const { servers, port } = await listenOnOneOf(ports, host, (request, response) => handle(request, response))
  // Port 80 goes without saying.
  const { origin } = new URL(`http://${host}:${port}`)
  const { promise: callback, resolve } = Promise.withResolvers<URL>()
  /** The browser waits to be told how it has come out. */
  let held: readonly ServerResponse[] = []
  let expected: string | undefined
  let outcome: Answer | undefined

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = readCallback(request, { origin, path })
    if (typeof url === 'number') {
      sendStatus(response, url, url === 405 ? { allow: 'GET' } : {})
      return
    }
    // Before anything else of it is looked at: any page can send a browser here.
    if (expected === undefined || !(hasState(url, expected) || isErrorWithoutState(url, request))) {
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
      await Promise.all(servers.map(close))
    },
  }
}

/** The URL of a request that may be a callback; else the status that it deserves. */
function readCallback(request: IncomingMessage, expected: { origin: string; path: string }): URL | number {
  const { origin, path } = expected
  const { url = '', method, headers } = request
  // A page whose name was rebound to this address sends its own name here.
  const host = `http://${headers.host}`
  if (!URL.canParse(host) || new URL(host).origin !== origin) return 421
  if (!url.startsWith('/') || !URL.canParse(origin + url)) return 400
  const callback = new URL(origin + url)
  if (callback.pathname !== path) return 404
  return method === 'GET' ? callback : 405
}

function hasState({ searchParams }: URL, expected: string): boolean {
  const states = searchParams.getAll('state')
  return states.length === 1 && states[0] === expected
}

/** Some servers leave `state` out when they refuse. A page that fetches or frames this is not the user's own window. */
function isErrorWithoutState({ searchParams }: URL, { headers }: IncomingMessage): boolean {
  const { 'sec-fetch-dest': destination = 'document' } = headers
  return destination === 'document' && !searchParams.has('state') && searchParams.has('error')
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** The codes of a port that cannot be used; any other error is not about the port. */
const portErrors: ReadonlySet<unknown> = new Set(['EADDRINUSE', 'EACCES'])

/** How often another free port is tried whose number is taken by IPv6. */
const mostTries = 5

async function listenOnOneOf(
  ports: readonly number[],
  host: ListeningOptions['host'],
  handler: Handler,
): Promise<{ servers: Server[]; port: number }> {
  const candidates = ports.flatMap((port) => (port === 0 && host === 'localhost' ? Array(mostTries).fill(0) : [port]))
  for (const candidate of candidates as number[]) {
    const servers: Server[] = []
    try {
      const port = await listen(servers, handler, { port: candidate, host: '127.0.0.1' })
      if (host === 'localhost') await listenByIpv6(servers, handler, port)
      return { servers, port }
    } catch (error) {
      await Promise.all(servers.map(close))
      if (!portErrors.has((error as NodeJS.ErrnoException).code)) throw error
    }
  }
  const which = ports.length === 1 ? `The port ${ports[0]} is` : `The ports ${ports.join(', ')} are`
  throw new SignInError(
    'portUnavailable',
    `${which} taken, or may not be used by this program: close the program that uses it, or give another \`port\`.`,
  )
}

/** A browser may take `localhost` for either address, so no other program must have the other one. */
async function listenByIpv6(servers: Server[], handler: Handler, port: number): Promise<void> {
  try {
    await listen(servers, handler, { port, host: '::1' })
  } catch (error) {
    if (portErrors.has((error as NodeJS.ErrnoException).code)) throw error
    // This machine has no IPv6.
  }
}

function listen(servers: Server[], handler: Handler, address: { port: number; host: string }): Promise<number> {
  const server = createServer(handler)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...address, exclusive: true }, () => {
      server.off('error', reject)
      servers.push(server)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()))
  server.closeIdleConnections()
  const goodbye = setTimeout(() => server.closeAllConnections(), goodbyeMilliseconds)
  await closed
  clearTimeout(goodbye)
}

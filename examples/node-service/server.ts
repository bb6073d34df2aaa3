import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import type { FailureAnswer } from './answer-failure.ts'
import { describeHealth } from './health-view.ts'
import type { Log } from './log.ts'
import { isOwnRequest } from './own-request.ts'
import type { Sessions } from './sessions.ts'
import { createUpstream } from './upstream.ts'

/** The HTTP server of the service. */
export interface ServiceServer {
  readonly server: Server
  /** From now on answers that it stops, and closes connections after each answer. */
  beginStopping(): void
  /** Aborts the calls of the API that are under way. */
  abort(): void
}

/** Makes the server; it does not listen yet. */
export function createServiceServer(
  sessions: Sessions,
  { upstreamUrl, allowedHosts, log }: { upstreamUrl: string; allowedHosts: readonly string[] | undefined; log: Log },
): ServiceServer {
  const upstreams = {
    service: createUpstream(sessions.service, upstreamUrl),
    user: createUpstream(sessions.user, upstreamUrl),
  }
  const abortion = new AbortController()
  const open = new Set<ServerResponse>()
  let stopping = false

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isOwnRequest(request.headers, allowedHosts)) return sendJson(response, 403, { error: 'foreignRequest' })
    const { pathname, search } = new URL(request.url ?? '/', 'http://service')
    const name = readName(pathname)
    if (name !== undefined && request.method !== 'GET') return sendJson(response, 405, { error: 'onlyGet' })
    if (pathname === '/healthz') {
      const snapshots = { service: sessions.service.getSnapshot(), user: sessions.user.getSnapshot() }
      const { httpStatus, body } = describeHealth(snapshots, { stopping })
      return sendJson(response, httpStatus, body)
    }
    if (name === undefined) return sendJson(response, 404, { error: 'notFound' })
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const signal = AbortSignal.any([gone.signal, abortion.signal])
    const result = await upstreams[name](`${pathname.slice(name.length + 1)}${search}`, { signal })
    if (result.kind === 'answered') return passOn(result.response, response)
    const isOurs = result.answer.error !== 'upstreamFailed'
    // Problems with tokens are in the log already, once.
    if (!isOurs && !gone.signal.aborted) log({ level: 'warn', event: 'upstreamFailed', cause: result.cause })
    return sendFailure(response, result.answer)
  }

  const server = createServer((request, response) => {
    open.add(response)
    response.once('close', () => open.delete(response))
    if (stopping) response.shouldKeepAlive = false
    answer(request, response).catch(() => response.destroy())
  })
  return {
    server,
    beginStopping() {
      stopping = true
      for (const response of open) response.shouldKeepAlive = false
    },
    abort: () => abortion.abort(),
  }
}

/** `service` for `/service/invoices`. */
function readName(pathname: string): keyof Sessions | undefined {
  const [, first, ...rest] = pathname.split('/')
  return (first === 'service' || first === 'user') && rest.length > 0 ? first : undefined
}

/** Passes the API's own answer on. */
async function passOn(from: Response, to: ServerResponse): Promise<void> {
  const type = from.headers.get('content-type')
  to.writeHead(from.status, type === null ? {} : { 'content-type': type })
  if (from.body === null) to.end()
  else await pipeline(Readable.fromWeb(from.body as ReadableStream), to)
}

function sendFailure(response: ServerResponse, { status, retryAfter, error }: FailureAnswer): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter))
  sendJson(response, status, { error })
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

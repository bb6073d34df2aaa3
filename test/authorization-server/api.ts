import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { apiAnswers } from './api-answers.ts'
import { type ApiEnding, type ApiFaults, type ApiPlan, type ArmedApiFaults, createApiFaults } from './api-faults.ts'
import {
  type ApiCounts,
  type ApiJournal,
  type ApiRequestListener,
  type ApiRequestRecord,
  createApiJournal,
  type OpenApiRequest,
} from './api-journal.ts'
import type { AccessTokenFacts, AuthorizationServer } from './authorization-server.ts'
import { type HttpAnswer, jsonAnswer, writeAnswer } from './http-answer.ts'
import { startLoopbackServer } from './loopback-server.ts'

/** How an API starts. */
export interface ApiOptions {
  /** Whose access tokens it takes. */
  readonly authorizationServer: Pick<AuthorizationServer, 'findAccessToken' | 'revokeAccessToken'>
  /** The header that carries the token. Default `authorization`; any scheme before the token is taken. */
  readonly header?: string
  /** Default 0: any free one. */
  readonly port?: number
  /** How many requests the log remembers. Default 10,000. */
  readonly logLimit?: number
}

/** What the API answers to a request whose token it accepts, whatever its path and method. */
export interface EchoedRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  /** The token is replaced by `[redacted]`. */
  readonly headers: Readonly<Record<string, string>>
  readonly bodyBytes: number
  /** SHA-256, in hex. */
  readonly bodyHash: string
  /** The body in base64, if it is no longer than 64 KiB. */
  readonly body?: string
  readonly subject: string | undefined
  /** The access token's number, as in the log. */
  readonly token: number
}

/** A real API on 127.0.0.1 that checks access tokens, with switches. */
export interface Api extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40124`. */
  readonly origin: string
  /** A second listener that behaves as the first: where redirects lead. */
  readonly otherOrigin: string
  readonly faults: ApiFaults
  readonly counts: ApiCounts
  /** The latest requests, oldest first. */
  readonly requests: readonly ApiRequestRecord[]
  /** Resolves once the counts are as wanted; throws after `withinMilliseconds` (default 10,000). */
  until(
    isMet: (counts: ApiCounts) => boolean,
    options?: { description?: string; withinMilliseconds?: number },
  ): Promise<void>
  /** Hears of each request as it arrives and as it ends; returns a function that ends the subscription. */
  onRequest(listener: ApiRequestListener): () => void
  resetCounts(): void
  /** Revokes the access token that was accepted last; false when there was none. */
  revokeLastAcceptedToken(): Promise<boolean>
  /** Refuses connections and destroys the open ones until `comeBack`. */
  goDown(): Promise<void>
  comeBack(): Promise<void>
  destroyConnections(): Promise<void>
  close(): Promise<void>
}

interface ApiParts {
  readonly options: ApiOptions
  readonly faults: ArmedApiFaults
  readonly journal: ApiJournal
  readonly nameOf: (accessToken: string) => number
  readonly accepted: (accessToken: string) => void
  /** Where a redirect leads; `undefined` until both listeners are there. */
  readonly otherOrigin: () => string
}

/** One request on its way through the API. */
interface ApiPassage {
  readonly record: OpenApiRequest
  readonly incoming: IncomingMessage
  readonly accessToken: string | undefined
  readonly facts: AccessTokenFacts | undefined
  readonly plan: ApiPlan
}

const echoedBodyLimit = 64 * 1024

/** Starts an API whose access tokens come from `authorizationServer`. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const faults = createApiFaults()
  const journal = createApiJournal({ limit: options.logLimit ?? 10_000 })
  const names = new Map<string, number>()
  let lastAccepted: string | undefined
  const parts: ApiParts = {
    options,
    faults,
    journal,
    nameOf(accessToken) {
      const name = names.get(accessToken) ?? names.size + 1
      names.set(accessToken, name)
      return name
    },
    accepted(accessToken) {
      lastAccepted = accessToken
    },
    otherOrigin: () => other.origin,
  }
  const other = await startLoopbackServer(createListener(parts, 'otherOrigin'))
  const api = await startLoopbackServer(createListener(parts, 'api'), { port: options.port ?? 0 })

  async function close(): Promise<void> {
    faults.clear()
    await Promise.all([api.close(), other.close()])
  }

  return {
    origin: api.origin,
    otherOrigin: other.origin,
    faults,
    get counts() {
      return journal.counts
    },
    get requests() {
      return journal.requests
    },
    until: journal.until,
    onRequest: journal.subscribe,
    resetCounts: journal.reset,
    async revokeLastAcceptedToken() {
      if (lastAccepted === undefined) return false
      await options.authorizationServer.revokeAccessToken(lastAccepted)
      return true
    },
    goDown: api.goDown,
    comeBack: api.comeBack,
    destroyConnections: api.destroyConnections,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function createListener(parts: ApiParts, at: ApiRequestRecord['at']): RequestListener {
  return (request, response) => {
    if (request.method === 'OPTIONS') {
      void writeAnswer(response, { status: 204, headers: crossOriginHeaders(request) })
      return
    }
    serve(parts, { request, response, at }).catch(() => response.destroy())
  }
}

/** Judges the token, reads the body, then answers as the plan or the token says. */
async function serve(
  parts: ApiParts,
  { request, response, at }: { request: IncomingMessage; response: ServerResponse; at: ApiRequestRecord['at'] },
): Promise<void> {
  const passage = await openPassage(parts, request, at)
  const { record, plan } = passage
  try {
    for (const { gate, beforeBody } of plan.gates) if (beforeBody) await gate.pass()
    const destroysEarly = plan.ending?.kind === 'destroy' && plan.ending.beforeBody
    const body = destroysEarly ? undefined : await readBody(parts, passage)
    for (const { gate, beforeBody } of plan.gates) if (!beforeBody) await gate.pass()
    const answer = plan.ending ? await end(parts, passage, plan.ending) : judge(parts, passage, body)
    if (answer === undefined) {
      response.destroy()
      return
    }
    record.status = answer.status
    await writeAnswer(response, { ...answer, headers: { ...crossOriginHeaders(request), ...answer.headers } })
  } finally {
    if (record.outcome === 'open') record.outcome = 'destroyed'
    parts.journal.end(record)
  }
}

async function openPassage(parts: ApiParts, request: IncomingMessage, at: ApiRequestRecord['at']) {
  const header = request.headers[parts.options.header?.toLowerCase() ?? 'authorization']
  const accessToken = typeof header === 'string' ? header.split(' ').at(-1) : undefined
  const facts =
    accessToken === undefined ? undefined : await parts.options.authorizationServer.findAccessToken(accessToken)
  const path = request.url ?? '/'
  const record = parts.journal.open({
    at,
    method: request.method ?? '',
    path,
    authorization: accessToken === undefined ? 'none' : facts ? 'valid' : 'invalid',
    ...(accessToken === undefined ? {} : { token: parts.nameOf(accessToken) }),
  })
  const plan = parts.faults.plan({ at, path: path.replace(/\?.*/, ''), accessToken, valid: facts !== undefined })
  const passage: ApiPassage = { record, incoming: request, accessToken, facts, plan }
  return passage
}

/** Reads the body to its end; keeps it only while it is short. */
async function readBody({ journal }: ApiParts, { record, incoming }: ApiPassage): Promise<Buffer | undefined> {
  const hash = createHash('sha256')
  const kept: Buffer[] = []
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    hash.update(chunk)
    journal.bodyArrived(record, chunk.length)
    if (record.bodyBytes <= echoedBodyLimit) kept.push(chunk)
  }
  record.bodyHash = hash.digest('hex')
  return record.bodyBytes <= echoedBodyLimit ? Buffer.concat(kept) : undefined
}

async function end(parts: ApiParts, passage: ApiPassage, ending: ApiEnding): Promise<HttpAnswer | undefined> {
  const { record, accessToken } = passage
  switch (ending.kind) {
    case 'answer':
      record.outcome = 'fault'
      return ending.answer
    case 'redirect':
      record.outcome = 'fault'
      return { status: ending.status, headers: { location: `${parts.otherOrigin()}${record.path}` } }
    case 'revoke':
      if (accessToken !== undefined) await parts.options.authorizationServer.revokeAccessToken(accessToken)
      record.outcome = 'rejected'
      return apiAnswers.invalidToken
    case 'destroy':
      record.outcome = 'destroyed'
      return undefined
  }
}

function judge(parts: ApiParts, passage: ApiPassage, body: Buffer | undefined): HttpAnswer {
  const { record, accessToken, facts } = passage
  if (accessToken === undefined || facts === undefined) {
    record.outcome = 'rejected'
    return accessToken === undefined ? apiAnswers.bearerWithoutError : apiAnswers.invalidToken
  }
  record.outcome = 'accepted'
  parts.accepted(accessToken)
  const echo: EchoedRequest = {
    method: record.method,
    path: record.path,
    headers: redactedHeaders(passage.incoming, accessToken),
    bodyBytes: record.bodyBytes,
    bodyHash: record.bodyHash,
    ...(body === undefined ? {} : { body: body.toString('base64') }),
    subject: facts.subject,
    token: parts.nameOf(accessToken),
  }
  return jsonAnswer(200, echo)
}

function redactedHeaders(request: IncomingMessage, accessToken: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value).replaceAll(accessToken, '[redacted]')]),
  )
}

/** Lets pages of every origin call and see the API (Fetch standard, CORS protocol). */
function crossOriginHeaders(request: IncomingMessage): Record<string, string> {
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
    'access-control-expose-headers': 'www-authenticate, dpop-nonce, retry-after',
  }
}

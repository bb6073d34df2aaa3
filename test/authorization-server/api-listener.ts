import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { apiAnswers } from './api-answers.ts'
import type { ApiEnding, ApiPlan, ArmedApiFaults } from './api-faults.ts'
import type { ApiJournal, ApiRequestRecord, OpenApiRequest } from './api-journal.ts'
import type { AccessTokenFacts, AuthorizationServer } from './authorization-server.ts'
import { type HttpAnswer, jsonAnswer, writeAnswer } from './http-answer.ts'
import { type ProofChecks, refusalOf } from './proof-checks.ts'

/** What the API answers to a request whose token it accepts, whatever its path and method. */
export interface EchoedRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  /** The token and the proof are replaced by `[redacted]`. */
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

/** What a request meets on its way. */
export interface ApiParts {
  readonly authorizationServer: Pick<AuthorizationServer, 'findAccessToken' | 'revokeAccessToken'>
  /** The header that carries the token. */
  readonly header: string
  readonly faults: ArmedApiFaults
  readonly proofs: ProofChecks
  readonly journal: ApiJournal
  readonly nameOf: (accessToken: string) => number
  readonly accepted: (accessToken: string) => void
  /** Where a redirect leads; `undefined` until both listeners are there. */
  readonly otherOrigin: () => string
  /** Where requests come in. */
  readonly origin: () => string
}

/** One request on its way through the API. */
interface ApiPassage {
  readonly record: OpenApiRequest
  readonly incoming: IncomingMessage
  readonly scheme: string | undefined
  readonly accessToken: string | undefined
  readonly facts: AccessTokenFacts | undefined
  readonly plan: ApiPlan
}

const echoedBodyLimit = 64 * 1024

/** Handles the requests of one of the two origins. */
export function createApiListener(parts: ApiParts, at: ApiRequestRecord['at']): RequestListener {
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
    await writeAnswer(response, {
      ...answer,
      headers: { ...crossOriginHeaders(request), ...parts.proofs.headers(), ...answer.headers },
    })
  } finally {
    if (record.outcome === 'open') record.outcome = 'destroyed'
    parts.journal.end(record)
  }
}

async function openPassage(parts: ApiParts, request: IncomingMessage, at: ApiRequestRecord['at']) {
  const header = request.headers[parts.header.toLowerCase()]
  const credentials = typeof header === 'string' ? header.split(' ') : []
  const accessToken = credentials.at(-1)
  const facts = accessToken === undefined ? undefined : await parts.authorizationServer.findAccessToken(accessToken)
  const origin = at === 'api' ? parts.origin() : parts.otherOrigin()
  const proof = await parts.proofs.check({ request, origin, accessToken, thumbprint: facts?.thumbprint })
  const path = request.url ?? '/'
  const record = parts.journal.open({
    at,
    method: request.method ?? '',
    path,
    authorization: accessToken === undefined ? 'none' : facts ? 'valid' : 'invalid',
    ...(accessToken === undefined ? {} : { token: parts.nameOf(accessToken) }),
    ...(proof === undefined ? {} : { proof }),
  })
  const plan = parts.faults.plan({ at, path: path.replace(/\?.*/, ''), accessToken, valid: facts !== undefined })
  const scheme = credentials.length > 1 ? credentials[0] : undefined
  const passage: ApiPassage = { record, incoming: request, scheme, accessToken, facts, plan }
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
      if (accessToken !== undefined) await parts.authorizationServer.revokeAccessToken(accessToken)
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
  const refusal = facts.thumbprint === undefined ? undefined : refusalOf(passage.scheme, record.proof)
  if (refusal !== undefined) {
    record.outcome = 'rejected'
    return refusal
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
    Object.entries(request.headers).map(([name, value]) => [
      name,
      name === 'dpop' ? '[redacted]' : String(value).replaceAll(accessToken, '[redacted]'),
    ]),
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

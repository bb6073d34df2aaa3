import type {
  GrantDebugEntry,
  GrantOutcome,
  GrantRequest,
  IdTokenVerdict,
  TokenEndpointFailure,
} from '../token/grant.ts'
import type { ProofKey } from '../token/proof.ts'
import { redactForm, redactUrl } from '../token/redact.ts'
import type { TokenSetInput } from '../token/token-set.ts'
import { judgeIdToken } from './id-token.ts'
import type { AuthorizationServerMetadata } from './metadata.ts'
import { findMetadata, noteEndpointStatus } from './metadata-cache.ts'
import { type FormAnswer, postForm, type SentRequest } from './post-form.ts'
import { readTokenResponse } from './read-token-response.ts'
import type { ResolvedServer } from './server.ts'

/**
 * Makes one token request, and tells what came of it. Never throws, never retries, never follows a redirect; what it tells
 * holds no secret but the token set and the key that it is bound to.
 *
 * Where tokens are bound to a key, a proof goes with it: of the request's key, else of a new one.
 *
 * @param parameters of the grant, `grant_type` among them
 * @see RFC 6749, section 3.2; RFC 9449, sections 5 and 8
 */
export async function requestTokens(
  server: ResolvedServer,
  { request, parameters }: { request: GrantRequest; parameters: URLSearchParams },
): Promise<GrantOutcome> {
  const { signal, previous } = request
  const { dpop } = server
  const exchange = startExchange(request)
  if (signal.aborted) return fail(exchange, notSent('timeout'))
  if (request.proofKey !== undefined && dpop === undefined) return fail(exchange, notSent('dpopMissing'))
  const discovery = await findMetadata(server, { signal, needed: ['token_endpoint'] })
  if (discovery.kind === 'failed') return fail(exchange, discovery.failure, discovery.code)

  const { metadata } = discovery
  const proofKey = await findKey(server, request)
  if (proofKey === 'failed') return fail(exchange, notSent('requestNotBuilt'))
  const answer = await send(server, { request, parameters, exchange, url: metadata.token_endpoint, proofKey })
  if (answer.kind === 'failed') return fail(exchange, answer.failure)

  const { response, text } = answer
  const receivedAt = exchange.receivedAt ?? request.now()
  const { refreshToken } = request
  const { keepMembers } = server
  const { secrets } = exchange
  const { answer: facts, tokenSet } = readTokenResponse(response, text, { secrets, refreshToken, keepMembers })
  noteEndpointStatus(server, response.status)
  const { status, headers = {}, body } = facts
  exchange.debug({ type: 'tokenResponse', status, headers, body, durationMilliseconds: exchange.duration() })
  if (tokenSet === undefined) return { kind: 'failed', failure: facts }
  const serverTime = Date.parse(response.headers.get('date') ?? '')
  const idToken = judge(tokenSet, { server, metadata, now: receivedAt, serverTime, previous: previous?.idToken })
  return { kind: 'issued', tokenSet, receivedAt, idToken, proofKey }
}

/** What is known of a request while it runs. */
interface Exchange {
  /** What must not be in anything we tell; grows when the request is built. */
  secrets: string[]
  /** Milliseconds since it began. */
  duration(): number
  /** When the latest response came, by the session's clock. */
  receivedAt?: number
  readonly debug: (entry: GrantDebugEntry) => void
}

function startExchange(request: GrantRequest): Exchange {
  const startedAt = performance.now()
  return {
    secrets: [...collectTokens(request.previous), request.refreshToken ?? ''],
    duration: () => performance.now() - startedAt,
    debug(entry) {
      try {
        request.debug?.(entry)
      } catch {
        // Ignore errors of the app's debug function: they must not fail a request that rotates a token.
      }
    },
  }
}

/** The key that the tokens will be bound to; none where they are bound to none. */
async function findKey({ dpop }: ResolvedServer, request: GrantRequest): Promise<ProofKey | undefined | 'failed'> {
  try {
    return request.proofKey ?? (await dpop?.createKey())
  } catch {
    return 'failed'
  }
}

interface SendOptions {
  readonly request: GrantRequest
  readonly parameters: URLSearchParams
  readonly exchange: Exchange
  readonly url: string
  readonly proofKey: ProofKey | undefined
}

function send(server: ResolvedServer, options: SendOptions): Promise<FormAnswer> {
  const { request, exchange, url, proofKey } = options
  const { dpop, tokenRequestFormat: format, provider } = server
  const parameters = new URLSearchParams([...Object.entries(provider.tokenParameters ?? {}), ...options.parameters])
  return postForm(server, {
    url,
    parameters,
    format,
    signal: request.signal,
    prove: dpop && ((sendOnce) => dpop.send({ proofKey, method: 'POST', url, now: request.now }, sendOnce)),
    onRequest(sent) {
      // The last look before it is on its way: the lease may have run out while it was prepared.
      if (request.mayStillBeSent?.() === false) throw new Error('The lease was lost')
      noteRequest(sent, exchange)
    },
    onResponse() {
      exchange.receivedAt = request.now()
    },
  })
}

function judge(
  { idToken }: TokenSetInput,
  options: {
    server: ResolvedServer
    metadata: AuthorizationServerMetadata
    now: number
    serverTime: number
    previous: string | undefined
  },
): IdTokenVerdict | undefined {
  if (idToken === undefined) return undefined
  const { server, metadata, ...others } = options
  return judgeIdToken(idToken, {
    ...others,
    issuer: metadata.issuer,
    identifier: server.issuer,
    clientId: server.clientId,
    algorithms: metadata.id_token_signing_alg_values_supported,
    rules: server.idTokens,
  })
}

function notSent(code: string): TokenEndpointFailure {
  return { kind: 'transport', sent: 'no', code }
}

function noteRequest({ url, body, headers }: SentRequest, exchange: Exchange): void {
  exchange.secrets = [...exchange.secrets, ...collectRequestSecrets(body, headers)]
  exchange.debug({
    type: 'tokenRequest',
    url: redactUrl(url, exchange),
    body: redactForm(body, exchange),
    withProof: headers.has('dpop') || undefined,
  })
}

/** Request parameters that are public; every other one counts as a secret. */
const publicParameters: ReadonlySet<string> = new Set([
  'grant_type',
  'client_id',
  'client_assertion_type',
  'scope',
  'resource',
  'audience',
  'redirect_uri',
  'token_type_hint',
])

/** The secrets that a request to the authorization server carries, whichever way the client authenticates. */
function collectRequestSecrets(body: URLSearchParams, headers: Headers): string[] {
  const secrets = [...body].flatMap(([name, value]) => (publicParameters.has(name) ? [] : [value]))
  const credentials = /^\w+ +(.+)$/.exec(headers.get('authorization') ?? '')?.[1]
  return credentials === undefined ? secrets : [...secrets, credentials, ...decodeBasicPassword(credentials)]
}

function decodeBasicPassword(credentials: string): string[] {
  try {
    const password = atob(credentials).split(':').slice(1).join(':')
    return [password, decodeURIComponent(password.replaceAll('+', ' '))]
  } catch {
    return []
  }
}

function collectTokens(tokenSet: TokenSetInput | undefined): string[] {
  const tokens = [tokenSet?.accessToken, tokenSet?.refreshToken, tokenSet?.idToken]
  return tokens.filter((token) => token !== undefined)
}

function fail(
  exchange: Exchange,
  failure: TokenEndpointFailure,
  code = 'code' in failure ? failure.code : undefined,
): GrantOutcome {
  const detail = 'detail' in failure ? failure.detail : undefined
  exchange.debug({
    type: 'tokenRequestFailed',
    code: code ?? 'noAnswer',
    detail,
    durationMilliseconds: exchange.duration(),
  })
  return { kind: 'failed', failure }
}

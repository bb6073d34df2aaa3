import * as oauth from 'oauth4webapi'
import { classifyTransportError, readErrorCode } from '../token/classify-transport-error.ts'
import type { GrantDebugEntry, GrantOutcome, GrantRequest, TokenEndpointFailure } from '../token/grant.ts'
import type { ProofKey } from '../token/proof.ts'
import { redactForm, redactHeaders, redactUrl } from '../token/redact.ts'
import type { TokenSetInput } from '../token/token-set.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { type AuthorizationServer, findMetadata, noteEndpointStatus } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { toClientAuth } from './client-authentication.ts'
import { judgeIdToken } from './judge-id-token.ts'
import { createProofHeaders, isNonceDemanded } from './prove-token-request.ts'
import { readStatus, readTokenResponse, type TokenResponse } from './read-token-response.ts'
import { collectRequestSecrets, removeKnownSecrets } from './remove-known-secrets.ts'

/** The grant's own request function of `oauth4webapi`, such as `refreshTokenGrantRequest`. */
export type SendGrant = (
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  clientAuthentication: oauth.ClientAuth,
  options: oauth.TokenEndpointRequestOptions,
) => Promise<Response>

/**
 * Makes one token request of whatever grant, and tells what came of it. Never throws, never retries, never follows a
 * redirect; what it tells holds no secret but the token set and the key that it is bound to.
 *
 * Where tokens are bound to a key, a proof goes with it: of the request's key, else of a new one. A server that demands
 * a nonce has not looked at anything else yet, so it gets the same once more.
 *
 * @see RFC 6749, section 3.2; RFC 9449, sections 5 and 8
 */
export async function sendTokenRequest(
  server: AuthorizationServer,
  { request, send }: { request: GrantRequest; send: SendGrant },
): Promise<GrantOutcome> {
  const { signal, previous } = request
  const exchange: Exchange = {
    secrets: [...collectTokens(previous), request.refreshToken ?? ''],
    startedAt: performance.now(),
    handedToFetch: false,
    debug: createDebug(request),
    proofKey: request.proofKey,
  }
  if (signal.aborted) return fail(exchange, notSent('timeout'))
  if (exchange.proofKey !== undefined && server.dpop === undefined) return fail(exchange, notSent('dpopMissing'))
  const discovery = await findMetadata(server, signal)
  if (discovery.kind === 'failed') return fail(exchange, discovery.failure, discovery.code)

  const { metadata } = discovery
  const options = { metadata, send, request, exchange }
  const first = await sendAndRead(server, options)
  const answered = 'needsNonce' in first && first.needsNonce ? await sendAndRead(server, options) : first
  if ('failure' in answered) return fail(exchange, answered.failure)

  const { tokenResponse, receivedAt } = answered
  if (tokenResponse.kind === 'answer') return { kind: 'failed', failure: tokenResponse.answer }
  const { tokenSet } = tokenResponse
  const { proofKey } = exchange
  const issued = { kind: 'issued', tokenSet, receivedAt, ...(proofKey === undefined ? {} : { proofKey }) } as const
  if (tokenSet.idToken === undefined) return issued
  const verdict = await judgeIdToken(tokenSet.idToken, { metadata, clientId: server.clientId, now: receivedAt })
  // The two may differ in a trailing slash; the session knows the issuer as the app wrote it.
  const idToken = verdict.issuer === metadata.issuer ? { ...verdict, issuer: server.issuerIdentifier } : verdict
  return { ...issued, idToken }
}

/** What is known of a request while it runs. */
interface Exchange {
  /** Whatever must not be in anything we tell; grows when the request is built. */
  secrets: string[]
  readonly startedAt: number
  handedToFetch: boolean
  /** The key that the tokens will be bound to. */
  proofKey: ProofKey | undefined
  readonly debug: (entry: GrantDebugEntry) => void
}

/** A response that was read, or why there is none. */
type Answered =
  | { readonly receivedAt: number; readonly tokenResponse: TokenResponse; readonly needsNonce: boolean }
  | { readonly failure: TokenEndpointFailure }

interface SendOptions {
  readonly metadata: AuthorizationServerMetadata
  readonly send: SendGrant
  readonly request: GrantRequest
  readonly exchange: Exchange
}

async function sendAndRead(server: AuthorizationServer, options: SendOptions): Promise<Answered> {
  const { request, exchange, metadata } = options
  const response = await sendRequest(server, options)
  if ('kind' in response) return { failure: response }
  const receivedAt = request.now()
  const { signal } = request
  const tokenResponse = await readTokenResponse(response, { signal, secrets: exchange.secrets })
  noteEndpointStatus(server, response.status)
  exchange.debug(describeResponse(response, { tokenResponse, exchange }))
  const nonce = response.headers.get('dpop-nonce')
  server.dpop?.rememberNonce(metadata.token_endpoint, nonce)
  return { receivedAt, tokenResponse, needsNonce: nonce !== null && isNonceDemanded(server, tokenResponse) }
}

async function sendRequest(
  server: AuthorizationServer,
  { metadata, send, request, exchange }: SendOptions,
): Promise<Response | TokenEndpointFailure> {
  const { signal } = request
  // Nobody's method: a browser's `fetch` refuses to be one of anything but its window.
  const { clientId, clientAuthentication, fetch } = server
  exchange.handedToFetch = false
  try {
    const headers = await createProofHeaders(server, { request, exchange, url: metadata.token_endpoint })
    const sent = send(
      metadata as unknown as oauth.AuthorizationServer,
      { client_id: clientId },
      toClientAuth(clientAuthentication),
      {
        signal,
        headers,
        [oauth.allowInsecureRequests]: metadata.token_endpoint.startsWith('http:'),
        [oauth.customFetch]: (url, init) => {
          noteRequest(url, { body: init.body, headers: new Headers(init.headers), exchange })
          return fetch(url, init)
        },
      },
    )
    return await untilAborted(sent, signal)
  } catch (error) {
    if (exchange.handedToFetch) return classifyTransportError(error, { signal })
    const code = signal.aborted ? 'timeout' : (readErrorCode(error) ?? 'requestNotBuilt')
    return notSent(code)
  }
}

function notSent(code: string): TokenEndpointFailure {
  return { kind: 'transport', sent: 'no', code }
}

function noteRequest(url: string, request: { body: unknown; headers: Headers; exchange: Exchange }): void {
  const { headers, exchange } = request
  const body = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
  exchange.secrets = [...exchange.secrets, ...collectRequestSecrets({ body, headers })]
  const known = removeKnownSecrets({ url, body: Object.fromEntries(body) }, exchange.secrets)
  exchange.debug({
    type: 'tokenRequest',
    url: redactUrl(known.url),
    body: redactForm(new URLSearchParams(known.body)),
    ...(headers.has('dpop') ? { withProof: true } : {}),
  })
  exchange.handedToFetch = true
}

function describeResponse(
  response: Response,
  { tokenResponse, exchange }: { tokenResponse: TokenResponse; exchange: Exchange },
): GrantDebugEntry {
  const issued = tokenResponse.kind === 'issued' ? tokenResponse.tokenSet : undefined
  const body = tokenResponse.kind === 'issued' ? tokenResponse.body : tokenResponse.answer.body
  const secrets = [...exchange.secrets, ...collectTokens(issued)]
  return {
    type: 'tokenResponse',
    status: readStatus(response),
    headers: redactHeaders(removeKnownSecrets(Object.fromEntries(response.headers), secrets)),
    ...(body === undefined ? {} : { body }),
    durationMilliseconds: performance.now() - exchange.startedAt,
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
  const durationMilliseconds = performance.now() - exchange.startedAt
  exchange.debug({ type: 'tokenRequestFailed', code: code ?? 'noAnswer', durationMilliseconds })
  return { kind: 'failed', failure }
}

/** An app's debug function must not be able to fail a request, least of all one that rotates a token. */
function createDebug({ debug }: GrantRequest): (entry: GrantDebugEntry) => void {
  return (entry) => {
    try {
      debug?.(entry)
    } catch {
      // It has told somebody, or nobody.
    }
  }
}

import { type ApiFaults, createApiFaults } from './api-faults.ts'
import { type ApiCounts, type ApiRequestListener, type ApiRequestRecord, createApiJournal } from './api-journal.ts'
import { type ApiParts, createApiListener } from './api-listener.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { startLoopbackServer } from './loopback-server.ts'
import { createProofChecks, type ProofDemands } from './proof-checks.ts'

/** How an API starts. */
export interface ApiOptions {
  /** Whose access tokens it takes. */
  readonly authorizationServer: Pick<AuthorizationServer, 'findAccessToken' | 'revokeAccessToken'>
  /** The header that carries the token. Default `authorization`; any scheme before the token is taken. */
  readonly header?: string
  /** Default 0: any free one. */
  readonly port?: number
  /** Whether a connection serves more than one request. Default true. */
  readonly keepsConnections?: boolean
  /** How many requests the log remembers. Default 10,000. */
  readonly logLimit?: number
}

/** A real API on 127.0.0.1 that checks access tokens, with switches. */
export interface Api extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40124`. */
  readonly origin: string
  /** A second listener that behaves as the first: where redirects lead. */
  readonly otherOrigin: string
  readonly faults: ApiFaults
  /** How proofs are demanded with tokens that are bound to a key (RFC 9449). */
  readonly dpop: ProofDemands
  readonly counts: ApiCounts
  /** The latest requests, oldest first. */
  readonly requests: readonly ApiRequestRecord[]
  /** Resolves once the counts are as wanted; throws after `withinMilliseconds` (default 30,000). */
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

/** Starts an API whose access tokens come from `authorizationServer`. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const faults = createApiFaults()
  const journal = createApiJournal({ limit: options.logLimit ?? 10_000 })
  const proofs = createProofChecks()
  const names = new Map<string, number>()
  let lastAccepted: string | undefined
  const parts: ApiParts = {
    authorizationServer: options.authorizationServer,
    header: options.header ?? 'authorization',
    faults,
    proofs,
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
    origin: () => api.origin,
  }
  const other = await startLoopbackServer(createApiListener(parts, 'otherOrigin'))
  const api = await startLoopbackServer(createApiListener(parts, 'api'), {
    port: options.port ?? 0,
    keepsConnections: options.keepsConnections ?? true,
  })

  async function close(): Promise<void> {
    faults.clear()
    await Promise.all([api.close(), other.close()])
  }

  return {
    origin: api.origin,
    otherOrigin: other.origin,
    faults,
    dpop: proofs,
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

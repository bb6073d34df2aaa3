import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import type { Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web'

/** A transport of the Connect protocol with the session's token on its requests. It needs no interceptor. */
export function createTransport(session: Session, baseUrl: string): Transport {
  return createConnectTransport({ baseUrl, fetch: createFetch(session) })
}

/** The same for gRPC-Web. */
export function createWebTransport(session: Session, baseUrl: string): Transport {
  return createGrpcWebTransport({ baseUrl, fetch: createFetch(session) })
}

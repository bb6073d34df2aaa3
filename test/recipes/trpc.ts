import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createTRPCClient, httpBatchLink } from '@trpc/client'
import type { AnyTRPCRouter } from '@trpc/server'

/** A client with the session's token on its requests. Do not set `headers`: the token would be as old as the batch. */
export function createApi<Router extends AnyTRPCRouter>(session: Session, url: string) {
  return createTRPCClient<Router>({ links: [httpBatchLink<Router>({ url, fetch: createFetch(session) } as never)] })
}

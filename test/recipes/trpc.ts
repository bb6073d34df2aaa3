import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createTRPCClient, httpBatchLink } from '@trpc/client'
// Your server's router.
import type { AppRouter } from './trpc-fixture.ts'

/** A client with the session's token on its requests. It needs no `headers`. */
export function createApi(session: Session, url: string) {
  return createTRPCClient<AppRouter>({ links: [httpBatchLink({ url, fetch: createFetch(session) })] })
}

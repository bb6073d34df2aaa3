import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { Client, fetchExchange } from '@urql/core'

/** A client with the session's token on its requests. It needs no `authExchange`. Put your cache before `fetchExchange`. */
export function createApi(session: Session, url: string): Client {
  return new Client({ url, exchanges: [fetchExchange], fetch: createFetch(session), preferGetMethod: false })
}

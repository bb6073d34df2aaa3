import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import createClient from 'openapi-fetch'

/** As `openapi-typescript` writes them from your API's description. */
export interface Paths {
  '/orders': {
    post: {
      requestBody: { content: { 'application/json': { article: string } } }
      responses: { 200: { content: { 'application/json': { subject: string; body: string } } } }
    }
  }
}

/** A typed client with the session's token on its requests. */
export function createApi(session: Session, baseUrl: string) {
  // Its bodies come inside a `Request`: a copy of each is kept until the answer, to be sent again after a rejection.
  return createClient<Paths>({ baseUrl, fetch: createFetch(session, { cloneRequestBodies: true }) })
}

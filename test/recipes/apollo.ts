import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'
import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'

/** A client with the session's token on its requests, and without the data of a user who has signed out. */
export function createApi(session: Session, uri: string): ApolloClient {
  const link = new HttpLink({ uri, fetch: createFetch(session) })
  const client = new ApolloClient({ link, cache: new InMemoryCache() })
  session.on('signedOut', () => void client.clearStore())
  return client
}

import { isNotSignedInError, isRefreshUnavailableError, isSessionEndedError, type Session } from '@authchart/core'
import { QueryCache, QueryClient } from '@tanstack/react-query'

/** A client that asks again when the session can have a token again, and shows no data of a user who is gone. */
export function createQueryClient(session: Session, options: { onSignInNeeded: () => void }): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (needsSignIn(error)) options.onSignInNeeded()
      },
    }),
    defaultOptions: {
      queries: {
        retry: (failures, error) => !needsSignIn(error) && failures < 3,
        retryDelay: (failures, error) =>
          isRefreshUnavailableError(error) && error.retryAt !== undefined
            ? Math.max(error.retryAt - Date.now(), 0)
            : 1_000 * 2 ** failures,
      },
    },
  })
  session.on('signedOut', () => client.clear())
  session.on('signedIn', () => void client.invalidateQueries())
  return client
}

function needsSignIn(error: unknown): boolean {
  return isSessionEndedError(error) || isNotSignedInError(error)
}

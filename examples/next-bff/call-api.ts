import { isNotSignedInError, isRefreshUnavailableError, isSessionEndedError, type Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { configuration } from './sessions.ts'

/** Calls the API for the user of a session. Never throws: the browser sees neither a token nor our errors. */
export async function callApi(session: Session | undefined, path: string): Promise<Response> {
  if (session === undefined) return fail(401, 'signInNeeded')
  try {
    // What is one user's must not be cached by Next for all.
    const response = await createFetch(session)(configuration().apiUrl + path, { cache: 'no-store' })
    if (response.status === 401) return failRejected(session)
    return Response.json(await response.json(), { status: response.status, headers: { 'cache-control': 'no-store' } })
  } catch (error) {
    if (isNotSignedInError(error) || isSessionEndedError(error)) return fail(401, 'signInNeeded')
    return isRefreshUnavailableError(error) ? fail(503, error.code, error.retryAt) : fail(502, 'apiFailed')
  }
}

/** The API has rejected the token, and there is no other one: the session has ended, or that has to wait. */
function failRejected(session: Session): Response {
  const { reason, retryAt } = session.getSnapshot()
  return reason === undefined ? fail(503, 'tokenRejected', retryAt) : fail(401, 'signInNeeded')
}

function fail(status: number, error: string, retryAt?: number): Response {
  const seconds = Math.max(Math.ceil(((retryAt ?? 0) - Date.now()) / 1000), 5)
  return Response.json({ error }, { status, headers: status === 503 ? { 'retry-after': `${seconds}` } : {} })
}

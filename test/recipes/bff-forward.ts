import { isNotSignedInError, isRefreshUnavailableError, isSessionEndedError, type Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'

export interface BffOptions {
  readonly apiOrigin: string
  /** The session of the user whose signed or random cookie this is. Open one session for a user, and keep it. */
  readonly findSession: (cookie: string | null) => Session | undefined
}

/** Sends a request of the browser on to the API, with the token of the user's session, which the browser never sees. */
export async function forward(request: Request, { apiOrigin, findSession }: BffOptions): Promise<Response> {
  // A form of another site sends the cookie too, but it cannot set this header.
  if (!request.headers.has('x-requested-with')) return fail(403, 'forged')
  const session = findSession(request.headers.get('cookie'))
  if (session === undefined) return fail(401, 'signInNeeded')
  const { pathname, search } = new URL(request.url)
  const headers = pick(request.headers, 'accept', 'content-type')
  // The body is read first: one that streams could not be sent again after a rejection.
  const body = request.body && (await request.arrayBuffer())
  const init = { method: request.method, headers, body }
  try {
    const answer = await createFetch(session)(`${apiOrigin}${pathname}${search}`, init)
    const { signedIn, retryAt } = session.getSnapshot()
    // The API rejects the token, and there is no other one: the session has ended, or that has to wait.
    if (answer.status === 401) return signedIn ? fail(503, 'tokenRejected', retryAt) : fail(401, 'signInNeeded')
    return new Response(answer.body, { status: answer.status, headers: pick(answer.headers, 'content-type') })
  } catch (error) {
    if (isSessionEndedError(error) || isNotSignedInError(error)) return fail(401, 'signInNeeded')
    return isRefreshUnavailableError(error) ? fail(503, error.code, error.retryAt) : fail(502, 'apiUnreachable')
  }
}

function fail(status: number, error: string, retryAt = 0): Response {
  const seconds = Math.max(Math.ceil((retryAt - Date.now()) / 1000), 1)
  return Response.json({ error }, { status, headers: status === 503 ? { 'retry-after': `${seconds}` } : {} })
}

function pick(headers: Headers, ...names: string[]): [string, string][] {
  return [...headers].filter(([name]) => names.includes(name))
}

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
  if (!request.headers.has('x-requested-with')) return Response.json({ error: 'forged' }, { status: 403 })
  const session = findSession(request.headers.get('cookie'))
  if (session === undefined) return Response.json({ error: 'signInNeeded' }, { status: 401 })
  const { pathname, search } = new URL(request.url)
  const headers = pick(request.headers, 'accept', 'content-type')
  // The body is read first: one that streams could not be sent again after a rejection.
  const body = request.body && (await request.arrayBuffer())
  try {
    const answer = await createFetch(session)(`${apiOrigin}${pathname}${search}`, {
      method: request.method,
      headers,
      body,
    })
    return new Response(answer.body, { status: answer.status, headers: pick(answer.headers, 'content-type') })
  } catch (error) {
    if (isSessionEndedError(error) || isNotSignedInError(error)) {
      return Response.json({ error: 'signInNeeded' }, { status: 401 })
    }
    if (!isRefreshUnavailableError(error)) return Response.json({ error: 'apiUnreachable' }, { status: 502 })
    const seconds = Math.ceil(((error.retryAt ?? 0) - Date.now()) / 1000)
    const wait = { 'retry-after': `${Math.max(seconds, 1)}` }
    return Response.json({ error: 'tokenUnavailable' }, { status: 503, headers: wait })
  }
}

function pick(headers: Headers, ...names: string[]): [string, string][] {
  return [...headers].filter(([name]) => names.includes(name))
}

import { isNotSignedInError, isSessionEndedError, type Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { data, type LoaderFunctionArgs, redirect } from 'react-router'
import { sessionCookie } from './react-router-sign-in.ts'

/** The loader of a route that shows what the API says to the user whom the cookie names. */
export function createLoader({ url, openSession }: { url: string; openSession: (id: string) => Session }) {
  return async ({ request }: LoaderFunctionArgs) => {
    const id: string | null = await sessionCookie.parse(request.headers.get('cookie'))
    if (id === null) throw redirect('/sign-in')
    const session = openSession(id)
    const response = await createFetch(session)(url).catch((error: unknown) => {
      // Other errors are for the error boundary: the session goes on.
      throw isNotSignedInError(error) || isSessionEndedError(error) ? redirect('/sign-in') : error
    })
    // The API rejected the token, and the session ended by it.
    if (response.status === 401 && !session.getSnapshot().signedIn) throw redirect('/sign-in')
    return data(await response.json(), { status: response.status, headers: { 'cache-control': 'private, no-store' } })
  }
}

import { isNotSignedInError, isRefreshUnavailableError, isSessionEndedError } from '@authchart/core'
import { createKyHooks } from '@authchart/core/ky'
import ky, { isHTTPError } from 'ky'
import { pluggedFetch } from './plug.ts'
import { apiOrigin, session } from './session.ts'

/** The app's API. Only one line has to do with tokens: the hooks. */
const api = ky.create({ baseUrl: apiOrigin, hooks: createKyHooks(session), fetch: pluggedFetch, retry: 0 })

/** The result of a call. */
export interface CallResult {
  readonly succeeded: boolean
  readonly text: string
}

/** Calls the API. Never throws: errors are part of the result. */
export async function callApi(): Promise<CallResult> {
  try {
    // The example's API says whose token it got, and numbers the tokens.
    const { subject, token } = await api.get('/orders').json<{ subject: string; token: number }>()
    return { succeeded: true, text: `200, as ${subject}, with access token no. ${token}` }
  } catch (error) {
    return { succeeded: false, text: explain(error) }
  }
}

function explain(error: unknown): string {
  if (isNotSignedInError(error)) return 'not sent: not signed in'
  if (isSessionEndedError(error)) return `not sent: the session has ended (${error.reason})`
  if (isRefreshUnavailableError(error)) return `not sent: no token just now (${error.code})`
  if (isHTTPError(error)) return `answered with ${error.response.status}`
  return `no answer (${(error as Error).name})`
}

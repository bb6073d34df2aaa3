import { callApi } from '../../call-api.ts'
import { currentSession } from '../../sessions.ts'

/** The API, for script in the page: it needs no token, since the cookie says whose orders. */
export async function GET(): Promise<Response> {
  return callApi(await currentSession(), '/orders')
}

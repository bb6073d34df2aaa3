import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import axios, { type AxiosInstance } from 'axios'

/** axios 1.12 or later, with the session's token on its requests. It needs no interceptor. */
export function createApi(session: Session, baseURL: string): AxiosInstance {
  return axios.create({
    baseURL,
    adapter: 'fetch',
    // Without `Request`, axios hands over the body as it is, so that a rejected request can be sent again with it.
    env: { fetch: createFetch(session), Request: null as never },
  })
}

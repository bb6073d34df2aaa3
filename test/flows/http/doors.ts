import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import ky from 'ky'

/** Sends a request through one of the doors, and returns the response whatever its status is. */
export type Send = (url: string, init?: RequestInit) => Promise<Response>

/** A way for an app's requests to get the token. */
export interface Door {
  readonly name: string
  open(session: Session): Send
}

/** Both doors: one contract. */
export const doors: readonly Door[] = [
  { name: 'fetch', open: (session) => createFetch(session) },
  {
    name: 'ky',
    open(session) {
      // Its own time is real: tests let simulated time pass, on a machine that may stand still meanwhile.
      const api = ky.extend({ hooks: createKyHooks(session), throwHttpErrors: false, timeout: false })
      return (url, init) => api(url, init)
    },
  },
]

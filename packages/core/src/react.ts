/**
 * A session in React 18 or later.
 *
 * @module
 */
import { useSyncExternalStore } from 'react'
import type { IdTokenClaims, Session } from './session/session.ts'
import type { SessionSnapshot } from './session/session-snapshot.ts'

/** What a server renders, and with it the page while it hydrates: there, no session has been read yet. */
const restoring: SessionSnapshot = { signedIn: false, usable: false, status: 'restoring', generation: 0, online: true }

/**
 * The snapshot of a session. The component renders again after every change of it.
 *
 * Make the session outside of components, once for the page. On a server, and while the page hydrates what the server
 * has rendered, the snapshot says `restoring`.
 *
 * @example
 * const { signedIn, reason } = useSession(session)
 */
export function useSession(session: Session): SessionSnapshot {
  return useSyncExternalStore(session.subscribe, session.getSnapshot, () => restoring)
}

/** What the id token says of the user; `undefined` on a server, and where there is none. */
export function useClaims(session: Session): IdTokenClaims | undefined {
  return useSyncExternalStore(
    session.subscribe,
    () => session.claims,
    () => undefined,
  )
}

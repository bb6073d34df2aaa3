import type { RequestPort } from '../http/request-port.ts'
import type { Session } from './session.ts'

const ports = new WeakMap<Session, RequestPort | (() => RequestPort)>()

/**
 * Remembers what the HTTP layer needs of a session, without showing it on the session itself. Made when first asked
 * for: not every session sends requests.
 */
export function provideRequestPort(session: Session, createPort: () => RequestPort): void {
  ports.set(session, createPort)
}

/**
 * What the HTTP layer needs of a session.
 * @throws TypeError when the value is no session of this copy of the library
 */
export function requestPortOf(session: Session): RequestPort {
  const known = ports.get(session)
  if (known === undefined)
    throw new TypeError('Expected a session that createSession of this very copy of authchart made.')
  const port = typeof known === 'function' ? known() : known
  // The doors of a session share one.
  ports.set(session, port)
  return port
}

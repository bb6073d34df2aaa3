import type { RequestPort } from '../http/request-port.ts'
import type { Session } from './session.ts'

const ports = new WeakMap<Session, RequestPort>()

/** Remembers what the HTTP layer needs of a session, without showing it on the session itself. */
export function provideRequestPort(session: Session, port: RequestPort): void {
  ports.set(session, port)
}

/**
 * What the HTTP layer needs of a session.
 * @throws TypeError when the value is no session of this copy of the library
 */
export function requestPortOf(session: Session): RequestPort {
  const port = ports.get(session)
  if (port === undefined)
    throw new TypeError('Expected a session that createSession of this very copy of authchart made.')
  return port
}

import type { IncomingMessage } from 'node:http'

/**
 * Whether a request to a server on loopback comes from its own page, or from a program, which sends no `Origin`.
 *
 * A page of another site can reach loopback too. Its `Origin` gives it away, except where it has its own name lead to
 * 127.0.0.1 (DNS rebinding): then `Host` is not a name of ours.
 */
export function isOwnRequest({ headers, socket }: IncomingMessage): boolean {
  const { host = '', origin } = headers
  const names = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${socket.localPort}`)
  return names.includes(host) && (origin === undefined || origin === `http://${host}`)
}

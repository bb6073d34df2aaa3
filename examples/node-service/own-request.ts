import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request may be answered: its `Host` is a name of this service, and if a browser sent it, it comes from a page
 * of the same host.
 *
 * Answers hold a user's data, and any page that a user opens can reach a service on loopback. One whose own name leads to
 * 127.0.0.1 (DNS rebinding) could even read the answers.
 *
 * @param allowedHosts names without a port; `undefined` allows all
 */
export function isOwnRequest(
  { host = '', origin }: IncomingHttpHeaders,
  allowedHosts: readonly string[] | undefined,
): boolean {
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) return false
  return allowedHosts === undefined || allowedHosts.includes(host.replace(/:\d+$/, '').toLowerCase())
}

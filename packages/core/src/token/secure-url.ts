/**
 * Whether secrets may be sent to this URL: over https, or over http to this very machine.
 *
 * @see RFC 6749, section 3.2, and RFC 8252, section 7.3, for the loopback addresses
 */
export function isSecureUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHostname(url.hostname))
}

function isLoopbackHostname(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  )
}

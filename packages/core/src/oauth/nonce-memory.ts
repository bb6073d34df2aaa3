/** More servers than one client talks to; the memory is for the length of the process. */
const mostOrigins = 100
/** Longer than any nonce; what is longer is not carried along with every request. */
const longestNonce = 2048

/** The latest `DPoP-Nonce` of each server. */
export interface NonceMemory {
  find(url: string): string | undefined
  remember(url: string, nonce: string | null): void
}

/**
 * Remembers the latest nonce of each origin.
 * @see RFC 9449, sections 8 and 9: a new nonce replaces the one before; those of two servers differ
 */
export function createNonceMemory(): NonceMemory {
  const nonces = new Map<string, string>()
  return {
    find: (url) => nonces.get(new URL(url).origin),
    remember(url, nonce) {
      if (nonce === null || nonce === '' || nonce.length > longestNonce) return
      const { origin } = new URL(url)
      // The origin that was heard of last comes last; the first one is the one to forget.
      nonces.delete(origin)
      nonces.set(origin, nonce)
      const [oldest] = nonces.keys()
      if (nonces.size > mostOrigins && oldest !== undefined) nonces.delete(oldest)
    },
  }
}

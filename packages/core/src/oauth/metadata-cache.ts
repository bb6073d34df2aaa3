import { untilAborted } from '../token/until-aborted.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { type Discovery, discoverMetadata } from './discover-metadata.ts'
import type { Fetch } from './fetch.ts'

/** More issuers than one program talks to; the one unused for longest is forgotten. */
const mostIssuers = 100

const found = new Map<string, AuthorizationServerMetadata>()
const underWay = new Map<string, SharedDiscovery>()

interface SharedDiscovery {
  readonly outcome: Promise<Discovery>
  readonly abort: () => void
  waiting: number
}

/**
 * The metadata of an issuer, fetched once for all grants of the process. Never throws.
 *
 * Whoever asks while a request is under way shares it, each for as long as its own signal allows; it is aborted when
 * nobody waits any longer. A failure is not kept.
 */
export async function getMetadata(
  issuer: URL,
  { fetch, signal }: { fetch: Fetch; signal: AbortSignal },
): Promise<Discovery> {
  const metadata = found.get(issuer.href)
  if (metadata !== undefined) {
    keep(issuer, metadata)
    return { kind: 'found', metadata }
  }
  const discovery = underWay.get(issuer.href) ?? start(issuer, fetch)
  discovery.waiting += 1
  try {
    return await untilAborted(discovery.outcome, signal)
  } catch {
    return { kind: 'failed', failure: { kind: 'transport', sent: 'no', code: 'timeout' }, code: 'timeout' }
  } finally {
    discovery.waiting -= 1
    if (discovery.waiting === 0) {
      discovery.abort()
      if (underWay.get(issuer.href) === discovery) underWay.delete(issuer.href)
    }
  }
}

/** Forgets what is known of an issuer, because the token endpoint is no longer where its metadata said. */
export function forgetMetadata(issuer: URL): void {
  found.delete(issuer.href)
}

function start(issuer: URL, fetch: Fetch): SharedDiscovery {
  const controller = new AbortController()
  const outcome = discoverMetadata(issuer, { fetch, signal: controller.signal }).then((discovery) => {
    if (discovery.kind === 'found') keep(issuer, discovery.metadata)
    return discovery
  })
  const discovery = { outcome, abort: () => controller.abort(), waiting: 0 }
  underWay.set(issuer.href, discovery)
  return discovery
}

function keep(issuer: URL, metadata: AuthorizationServerMetadata): void {
  // Set anew, it stands last: the first is the one unused for longest.
  found.delete(issuer.href)
  found.set(issuer.href, metadata)
  for (const oldest of found.keys()) {
    if (found.size <= mostIssuers) break
    found.delete(oldest)
  }
}

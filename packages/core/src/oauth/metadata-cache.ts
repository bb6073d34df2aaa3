import { untilAborted } from '../token/until-aborted.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { type Discovery, discoverMetadata } from './discover-metadata.ts'
import type { Fetch } from './fetch.ts'

/** More issuers than one program talks to; the one unused for longest is forgotten. */
const mostIssuers = 100

/** Metadata older than this, in milliseconds, is asked for anew when it is used; what there is serves meanwhile. */
const freshMilliseconds = 60 * 60 * 1000

/** Metadata older than this is of no use any more: its server may be somebody else's by now. */
const usableMilliseconds = 24 * 60 * 60 * 1000

/** How long nobody asks anew after somebody has. */
const renewalPauseMilliseconds = 60 * 1000

/** How long asking anew may take, which nobody waits for. */
const renewalMilliseconds = 10 * 1000

const found = new Map<string, FoundMetadata>()
const underWay = new Map<string, SharedDiscovery>()

interface FoundMetadata {
  readonly metadata: AuthorizationServerMetadata
  readonly foundAt: number
  /** When it was last asked for, well or not. */
  askedAt: number
}

interface SharedDiscovery {
  readonly outcome: Promise<Discovery>
  readonly abort: () => void
  waiting: number
}

/**
 * The metadata of an issuer, fetched once for all grants of the process. Never throws.
 *
 * Whoever asks while a request is under way shares it, each for as long as its own signal allows; it is aborted when
 * nobody waits any longer. A failure is not kept. After an hour it is fetched anew, while what there is goes on serving:
 * a metadata document that cannot be had just now is no reason for tokens not to be. After a day it has to be.
 *
 * @param options `now`: milliseconds since the epoch; default the system's time
 */
export async function getMetadata(
  issuer: URL,
  options: { fetch: Fetch; signal: AbortSignal; now?: () => number },
): Promise<Discovery> {
  const { fetch, now = Date.now } = options
  const known = found.get(issuer.href)
  // A clock that was set back makes nothing fresher.
  const age = known === undefined ? Number.POSITIVE_INFINITY : Math.abs(now() - known.foundAt)
  if (known === undefined || age > usableMilliseconds) return share(issuer, { ...options, now })
  moveToEnd(issuer, known)
  if (age > freshMilliseconds && Math.abs(now() - known.askedAt) > renewalPauseMilliseconds) {
    known.askedAt = now()
    void share(issuer, { fetch, now, signal: AbortSignal.timeout(renewalMilliseconds) })
  }
  return { kind: 'found', metadata: known.metadata }
}

/** Forgets what is known of an issuer, because the token endpoint is no longer where its metadata said. */
export function forgetMetadata(issuer: URL): void {
  found.delete(issuer.href)
}

interface DiscoveryOptions {
  readonly fetch: Fetch
  readonly signal: AbortSignal
  readonly now: () => number
}

async function share(issuer: URL, options: DiscoveryOptions): Promise<Discovery> {
  const discovery = underWay.get(issuer.href) ?? start(issuer, options)
  discovery.waiting += 1
  try {
    return await untilAborted(discovery.outcome, options.signal)
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

function start(issuer: URL, { fetch, now }: DiscoveryOptions): SharedDiscovery {
  const controller = new AbortController()
  const outcome = discoverMetadata(issuer, { fetch, signal: controller.signal }).then((discovery) => {
    if (discovery.kind === 'found') {
      moveToEnd(issuer, { metadata: discovery.metadata, foundAt: now(), askedAt: now() })
    }
    return discovery
  })
  const discovery = { outcome, abort: () => controller.abort(), waiting: 0 }
  underWay.set(issuer.href, discovery)
  return discovery
}

/** Set anew, it stands last: the first is the one unused for longest. */
function moveToEnd(issuer: URL, metadata: FoundMetadata): void {
  found.delete(issuer.href)
  found.set(issuer.href, metadata)
  for (const oldest of found.keys()) {
    if (found.size <= mostIssuers) break
    found.delete(oldest)
  }
}

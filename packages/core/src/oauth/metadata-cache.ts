import { untilAborted } from '../token/until-aborted.ts'
import {
  type AuthorizationServerMetadata,
  type Discovery,
  type DiscoveryOptions,
  discoverMetadata,
  unreached,
} from './metadata.ts'
import type { ResolvedServer } from './server.ts'

/** More issuers than one program talks to; the one unused for longest is forgotten. */
const mostIssuers = 100

/** Metadata older than this, in milliseconds, is asked for anew when it is used; what there is serves meanwhile. */
const freshMilliseconds = 60 * 60 * 1000

/** Metadata older than this is not used: its server may belong to another owner by now. */
const usableMilliseconds = 24 * 60 * 60 * 1000

/** How long metadata is not asked for again after it was. */
const renewalPauseMilliseconds = 60 * 1000

/** How long asking anew may take, while callers are served what there is. */
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
  readonly controller: AbortController
  waiting: number
}

/**
 * The server's metadata: what the app gave, completed by what is known or discovered now unless that is not needed. Never
 * throws.
 *
 * @param needed the members without which it must be discovered
 */
export async function findMetadata(
  server: ResolvedServer,
  { signal, needed }: { signal: AbortSignal; needed: readonly (keyof AuthorizationServerMetadata)[] },
): Promise<Discovery> {
  const { metadata: given, issuer, fetch, userAgent } = server
  const { token_endpoint } = given
  if (token_endpoint !== undefined && needed.every((name) => given[name] !== undefined)) {
    return { kind: 'found', metadata: { issuer, ...given, token_endpoint } }
  }
  const discovery = await getMetadata(issuer, { fetch, signal, userAgent })
  if (discovery.kind === 'found') return { kind: 'found', metadata: { ...discovery.metadata, ...given } }
  // A server that does not publish its metadata has what the app says, and nothing else.
  const isAnswered = discovery.failure.code === 'blocked' || discovery.code === 'discoveryIssuerMismatch'
  const isUnpublished = isAnswered && token_endpoint !== undefined
  return isUnpublished ? { kind: 'found', metadata: { issuer, ...given, token_endpoint } } : discovery
}

/** A status that says the endpoint is not where the metadata said: the metadata is discovered again next time. */
export function noteEndpointStatus({ issuer }: ResolvedServer, status: number): void {
  if (status === 404 || status === 410) forgetMetadata(issuer)
}

/**
 * The metadata of an issuer, fetched once for all grants of the process. Never throws.
 *
 * Callers share a request that is under way, each for as long as its own signal allows; it is aborted when the last of
 * them has left. A failure is not kept. After an hour it is fetched anew, while what there is goes on serving: a metadata
 * document that cannot be had just now must not keep tokens from being had. After a day it has to be fetched.
 *
 * @param options `now`: milliseconds since the epoch; default the system's time
 */
export async function getMetadata(issuer: string, given: CacheOptions): Promise<Discovery> {
  const { now = Date.now } = given
  const options = { ...given, now }
  const name = new URL(issuer).href
  const known = found.get(name)
  // A clock that was set back makes nothing fresher.
  const age = known === undefined ? Infinity : Math.abs(now() - known.foundAt)
  if (known === undefined || age > usableMilliseconds) return share(name, options)
  moveToEnd(name, known)
  if (age > freshMilliseconds && Math.abs(now() - known.askedAt) > renewalPauseMilliseconds) {
    known.askedAt = now()
    void share(name, { ...options, signal: AbortSignal.timeout(renewalMilliseconds) })
  }
  return { kind: 'found', metadata: known.metadata }
}

/** Forgets what is known of an issuer, because the token endpoint is no longer where its metadata said. */
export function forgetMetadata(issuer: string): void {
  found.delete(new URL(issuer).href)
}

interface CacheOptions extends DiscoveryOptions {
  readonly now?: () => number
}

async function share(issuer: string, options: DiscoveryOptions & { now: () => number }): Promise<Discovery> {
  const discovery = underWay.get(issuer) ?? start(issuer, options)
  discovery.waiting += 1
  try {
    return await untilAborted(discovery.outcome, options.signal)
  } catch {
    return unreached(issuer, 'timeout')
  } finally {
    discovery.waiting -= 1
    if (discovery.waiting === 0) {
      discovery.controller.abort()
      if (underWay.get(issuer) === discovery) underWay.delete(issuer)
    }
  }
}

function start(issuer: string, { now, ...options }: DiscoveryOptions & { now: () => number }): SharedDiscovery {
  const controller = new AbortController()
  const outcome = discoverMetadata(issuer, { ...options, signal: controller.signal }).then((discovery) => {
    if (discovery.kind === 'found') {
      moveToEnd(issuer, { metadata: discovery.metadata, foundAt: now(), askedAt: now() })
    }
    return discovery
  })
  const discovery = { outcome, controller, waiting: 0 }
  underWay.set(issuer, discovery)
  return discovery
}

/** Set anew, it stands last: the first is the one unused for longest. */
function moveToEnd(issuer: string, metadata: FoundMetadata): void {
  found.delete(issuer)
  found.set(issuer, metadata)
  for (const oldest of found.keys()) {
    if (found.size <= mostIssuers) break
    found.delete(oldest)
  }
}

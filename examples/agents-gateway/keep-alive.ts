import type { PostgresStore } from '@authchart/postgres-store'
import type { Provider } from './configuration.ts'
import type { Grants } from './grants.ts'

/** How it goes with keeping grants alive. */
export interface KeepAliveProgress {
  readonly provider: string
  readonly refreshed: number
  readonly failed: number
}

/**
 * Refreshes the grants that were not refreshed for so many days, one after the other, at a rate that the provider bears:
 * unused refresh tokens expire (Google: 6 months; Atlassian: 90 days; Box: 60). A million of them once in 30 days
 * are 0.4 a second. Every process may run it: what one has refreshed is not on another's page any more.
 */
export async function keepAlive(
  { store, grants, provider }: { store: PostgresStore; grants: Grants; provider: Provider },
  { days, perSecond, signal }: { days: number; perSecond: number; signal: AbortSignal },
): Promise<KeepAliveProgress> {
  const refreshedBefore = Date.now() - days * 86_400_000
  const prefix = `${provider.name}:`
  let [refreshed, failed] = [0, 0]
  for (let after: string | undefined; !signal.aborted; ) {
    const page = await store.page({ prefix, status: 'signedIn', refreshedBefore, after, limit: 100 })
    for (const { key } of page) {
      if (signal.aborted) break
      const user = key.slice(prefix.length)
      await grants
        .use({ user, provider }, ({ session }) => session.refresh({ signal }))
        .then(
          () => (refreshed += 1),
          // Its session says why, in a notice. The next round tries again what passes.
          () => (failed += 1),
        )
      await new Promise((resolve) => setTimeout(resolve, 1000 / perSecond))
    }
    after = page.at(-1)?.key
    if (page.length < 100) break
  }
  return { provider: provider.name, refreshed, failed }
}

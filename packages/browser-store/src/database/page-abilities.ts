import { StoreError } from '@authchart/core/store'

/**
 * @throws StoreError where there is no IndexedDB (`storeUnavailable`), or no Web Locks or Web Crypto (`storeMissing`)
 */
export function requirePageAbilities(): void {
  if (globalThis.indexedDB === undefined) {
    throw new StoreError(
      'storeUnavailable',
      'There is no IndexedDB here, as on a server that renders a page. In a page, pass `fallback: "memory"` for sessions that end with it; on a server, use a store of "@authchart/node-store".',
    )
  }
  const missing =
    globalThis.navigator?.locks === undefined
      ? 'Web Locks, by which tabs take turns,'
      : globalThis.crypto?.subtle === undefined
        ? 'Web Crypto, by which sessions are sealed,'
        : undefined
  if (missing === undefined) return
  throw new StoreError(
    'storeMissing',
    `${missing} are missing here: browsers offer them to secure contexts only. Serve the page over https or from localhost, or pass \`fallback: "memory"\` for sessions that end with the page.`,
  )
}

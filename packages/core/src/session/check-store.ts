import type { SessionParts } from './session-parts.ts'

/**
 * Whether a sign-in could be kept, as far as that can be known without one: by the store's own check, and by reading.
 *
 * @throws StoreError when it could not
 */
export async function checkStore({ store }: SessionParts): Promise<void> {
  const checked = await store.check()
  if (!checked.ok) throw checked.error
  // A record that cannot be read, or that a newer version has written, is not written over.
  const read = await store.read()
  if (!read.ok) throw read.error
}

import type { SessionParts } from './session-parts.ts'

/** Whether a write that failed has been made nevertheless. */
export async function hasLanded({ store }: SessionParts, revision: string): Promise<boolean> {
  const read = await store.read()
  return read.ok && read.value?.revision === revision
}

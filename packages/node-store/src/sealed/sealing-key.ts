import { createHash, randomBytes } from 'node:crypto'

/** A key for AES-256, and by what it is known in the clear. */
export interface SealingKey {
  readonly bytes: Uint8Array
  /** Tells keys apart, and gives nothing away. */
  readonly id: string
}

/** Where the key comes from under which secrets are sealed. */
export interface KeySource {
  /**
   * The key.
   * @param options `create`: make one where there is none, else `undefined`; `fresh`: ask again rather than remember
   * @throws StoreError
   */
  get(options: { create: boolean; fresh?: boolean }): Promise<SealingKey | undefined>
}

/** How many bytes a key has: AES-256. */
export const keyLength = 32

export function createSealingKey(bytes: Uint8Array = randomBytes(keyLength)): SealingKey {
  const id = createHash('sha256').update('authchart sealing key').update(bytes).digest('hex').slice(0, 16)
  return { bytes, id }
}

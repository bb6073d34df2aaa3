import { createHash, randomBytes } from 'node:crypto'

/** A key for AES-256, and its name in the clear. */
export interface SealingKey {
  readonly bytes: Uint8Array
  /** Tells keys apart, and tells nothing about their bytes. */
  readonly id: string
}

/** Where the keys come from under which secrets are sealed. */
export interface KeySource {
  /**
   * The key that seals.
   * @param options `create`: make one where there is none, else `undefined`; `seen`: the id of a key that sealed a record,
   *   so that a key which was replaced since is not remembered for ever
   * @throws StoreError
   */
  current(options: { create: boolean; seen?: string | undefined }): Promise<SealingKey | undefined>
  /**
   * The key with an id, which may be one of the past; `undefined` where there is surely none.
   * @throws StoreError
   */
  find(id: string): Promise<SealingKey | undefined>
}

/** How many bytes a key has: AES-256. */
export const keyLength = 32

export function createSealingKey(bytes: Uint8Array = randomBytes(keyLength)): SealingKey {
  const id = createHash('sha256').update('authchart sealing key').update(bytes).digest('hex').slice(0, 16)
  return { bytes, id }
}

/** Keys that are given once: the first seals, and all of them open. */
export function createFixedKeys(keys: readonly SealingKey[]): KeySource {
  return {
    current: async () => keys[0],
    find: async (id) => keys.find((key) => key.id === id),
  }
}

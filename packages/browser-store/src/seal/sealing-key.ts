/** The key that seals the secrets of a database, and its name. */
export interface SealingKey {
  /** Random: tells it from the key of a database that was deleted and made anew. */
  readonly id: string
  /** AES-GCM, 256 bits, not extractable. */
  readonly key: CryptoKey
}

/** A new key. The browser uses it for us, and gives its bytes to nobody. */
export async function createSealingKey(): Promise<SealingKey> {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  return { id: crypto.randomUUID(), key }
}

/** The key that seals the secrets of a database, and its name. */
export interface SealingKey {
  /** Random: tells it from the key of a database that was deleted and made anew. */
  readonly id: string
  /** AES-GCM, 256 bits, not extractable. */
  readonly key: CryptoKey
  /** Its bytes, where the browser keeps no such keys: then they lie in the database instead. */
  readonly bytes?: Uint8Array<ArrayBuffer>
}

const algorithm = { name: 'AES-GCM', length: 256 } as const
const usages: KeyUsage[] = ['encrypt', 'decrypt']

/** A new key. The browser uses it for us, and gives its bytes to no script. */
export async function createSealingKey(): Promise<SealingKey> {
  return { id: crypto.randomUUID(), key: await crypto.subtle.generateKey(algorithm, false, usages) }
}

/** A new key whose bytes we know. */
export function createRawKey(): Promise<SealingKey> {
  return openRawKey(crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(algorithm.length / 8)))
}

/** A key as it lies in the database. */
export function storedForm({ id, key, bytes }: SealingKey): unknown {
  return bytes === undefined ? { id, key } : { id, bytes }
}

/** The key that lies in the database; `undefined` for what is not one: some browsers give `null` back for a `CryptoKey`. */
export async function openStoredKey(stored: unknown): Promise<SealingKey | undefined> {
  if (!isStoredKey(stored)) return undefined
  return stored.bytes === undefined ? stored : openRawKey(stored.id, stored.bytes)
}

/** Whether what lies in the database is a key. */
export function isStoredKey(stored: unknown): stored is SealingKey {
  const { id, key, bytes } = (stored ?? {}) as Partial<SealingKey>
  return typeof id === 'string' && (key instanceof CryptoKey || bytes instanceof Uint8Array)
}

async function openRawKey(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<SealingKey> {
  return { id, bytes, key: await crypto.subtle.importKey('raw', bytes, algorithm, false, usages) }
}

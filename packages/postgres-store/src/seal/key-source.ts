import { ConfigurationError, StoreError } from '@authchart/core/store'

/** A key that seals tokens, and the name by which the rows that it sealed find it again. */
export interface SealingKey {
  /** In the clear in each row: not a secret. */
  readonly id: string
  /** 32 bytes. */
  readonly bytes: Uint8Array
}

/**
 * Where sealing keys come from: a KMS, say, that opens data keys. Each is asked for once per process, not once per
 * record; what is thrown counts as `storeUnavailable`.
 */
export interface KeySource {
  /** The key that seals from now on. */
  current(): Promise<SealingKey>
  /** The key that has sealed a row; `undefined` when there is none of this name any more. */
  find(id: string): Promise<SealingKey | undefined>
}

/** A sealing key as Web Crypto takes it. */
export interface ReadyKey {
  readonly id: string
  /** AES-256-GCM. */
  readonly seal: CryptoKey
  /** HMAC-SHA-256. */
  readonly mac: CryptoKey
}

/** The keys of a store, each prepared once. */
export interface Keyring {
  /** @throws StoreError */
  current(): Promise<ReadyKey>
  /** @throws StoreError */
  find(id: string): Promise<ReadyKey | undefined>
}

const keyLength = 32

export function createKeyring(keys: readonly Uint8Array[] | KeySource): Keyring {
  const source = 'current' in keys ? keys : fixedKeys(keys)
  const ready = new Map<string, Promise<ReadyKey>>()

  function prepareOnce(key: SealingKey): Promise<ReadyKey> {
    const known = ready.get(key.id)
    if (known !== undefined) return known
    const preparing = prepare(key)
    ready.set(key.id, preparing)
    preparing.catch(() => ready.delete(key.id))
    return preparing
  }

  let asked: { readonly since: number; readonly key: Promise<SealingKey> } | undefined
  function askCurrent(): Promise<SealingKey> {
    // A source that turns to a new key is heard within a few minutes.
    if (asked === undefined || Date.now() - asked.since > currentKeyMilliseconds || Date.now() < asked.since) {
      asked = { since: Date.now(), key: askSource(() => source.current()) }
      asked.key.catch(() => {
        asked = undefined
      })
    }
    return asked.key
  }

  return {
    async current() {
      return prepareOnce(await askCurrent())
    },
    async find(id) {
      const known = ready.get(id)
      if (known !== undefined) return known
      const key = await askSource(() => source.find(id))
      return key === undefined ? undefined : prepareOnce(key)
    },
  }
}

const currentKeyMilliseconds = 300_000

async function askSource<Value>(ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask()
  } catch {
    // Its error may hold what it was asked with.
    throw new StoreError('storeUnavailable', 'The sealing key cannot be had: the `KeySource` has failed.')
  }
}

function fixedKeys(keys: readonly Uint8Array[]): KeySource {
  const named = Promise.all(
    keys.map(async (given) => {
      // A copy: an app that wipes its own bytes does not wipe these.
      const bytes = Uint8Array.from(given)
      return { id: await nameOf(bytes), bytes }
    }),
  )
  return {
    current: async () => (await named)[0] as SealingKey,
    find: async (id) => (await named).find((key) => key.id === id),
  }
}

/** The same name as node-store gives a key: it tells keys apart, and gives nothing away. */
async function nameOf(bytes: Uint8Array): Promise<string> {
  const label = new TextEncoder().encode('authchart sealing key')
  const hash = await crypto.subtle.digest('SHA-256', Uint8Array.from([...label, ...bytes]))
  return Array.from(new Uint8Array(hash).subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function prepare({ id, bytes }: SealingKey): Promise<ReadyKey> {
  if (!(bytes instanceof Uint8Array) || bytes.length !== keyLength) {
    throw new ConfigurationError('keys', `must give keys of ${keyLength} bytes; the one named ${id} has not that many.`)
  }
  const raw = Uint8Array.from(bytes)
  const root = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey'])
  // Separate keys for separate uses; the seal's is the key itself, as in node-store.
  const info = new TextEncoder().encode('authchart row mac')
  return {
    id,
    seal: await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']),
    mac: await crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
      root,
      { name: 'HMAC', hash: 'SHA-256', length: 256 },
      false,
      ['sign', 'verify'],
    ),
  }
}

/** @throws ConfigurationError unless it is a list of keys, or a source */
export function isKeys(keys: unknown): boolean {
  if (Array.isArray(keys)) {
    return keys.length > 0 && keys.every((key) => key instanceof Uint8Array && key.length === keyLength)
  }
  const source = keys as Partial<KeySource> | null | undefined
  return typeof source?.current === 'function' && typeof source.find === 'function'
}

import type { SessionSecrets } from '@authchart/core/store'
import type { SealingKey } from './sealing-key.ts'

/** The secret part of a record as it lies in the database. */
export interface SealedSecrets {
  readonly sealingKeyId: string
  readonly initializationVector: Uint8Array<ArrayBuffer>
  readonly ciphertext: ArrayBuffer
  /** Members of the secrets that hold a `CryptoKey`: those are not text, and cannot be read out where they lie. */
  readonly keys: Readonly<Record<string, unknown>>
}

/** What a sealed part belongs to: moved elsewhere, it does not open. */
export interface SealingContext {
  readonly key: string
  readonly generation: number
}

/** Seals the secret part of a record. */
export async function sealSecrets(
  secrets: SessionSecrets,
  sealingKey: SealingKey,
  context: SealingContext,
): Promise<SealedSecrets> {
  const members = Object.entries(secrets)
  const texts = Object.fromEntries(members.filter(([, value]) => cryptoKeysIn(value).length === 0))
  const keys = Object.fromEntries(members.filter(([, value]) => cryptoKeysIn(value).length > 0))
  // 96 random bits for each write: NIST SP 800-38D, section 8.2.2, allows 2^32 of them under one key.
  const initializationVector = crypto.getRandomValues(new Uint8Array(12))
  const ciphertext = await crypto.subtle.encrypt(
    algorithm(initializationVector, context),
    sealingKey.key,
    new TextEncoder().encode(JSON.stringify(texts)),
  )
  return { sealingKeyId: sealingKey.id, initializationVector, ciphertext, keys }
}

/** Opens what was sealed; `undefined` when it was with another key, belongs to another record, or was changed. */
export async function openSecrets(
  { sealingKeyId, initializationVector, ciphertext, keys }: SealedSecrets,
  sealingKey: SealingKey | undefined,
  context: SealingContext,
): Promise<SessionSecrets | undefined> {
  if (sealingKey?.id !== sealingKeyId) return undefined
  try {
    const text = await crypto.subtle.decrypt(algorithm(initializationVector, context), sealingKey.key, ciphertext)
    return { ...(JSON.parse(new TextDecoder().decode(text)) as SessionSecrets), ...keys }
  } catch {
    return undefined
  }
}

function algorithm(iv: Uint8Array<ArrayBuffer>, { key, generation }: SealingContext): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(JSON.stringify([key, generation])) }
}

/** Every `CryptoKey` in a value, at any depth. */
export function cryptoKeysIn(value: unknown): CryptoKey[] {
  if (value instanceof CryptoKey) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(cryptoKeysIn) : []
}

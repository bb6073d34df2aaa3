import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { SealingKey } from './sealing-key.ts'

/** What was sealed, as it stands in a file. */
export interface SealedText {
  /** Which key opens it. */
  readonly keyId: string
  /** Base64, 12 bytes, random: one key seals far fewer than the 2^32 texts that are safe (NIST SP 800-38D, 8.3). */
  readonly nonce: string
  /** Base64, its authentication tag of 16 bytes at the end. */
  readonly text: string
}

const algorithm = 'aes-256-gcm'
const tagLength = 16

/** Seals a text with AES-256-GCM. The additional data is not hidden; without the same, it cannot be opened. */
export function sealText(
  text: string,
  { key, additionalData }: { key: SealingKey; additionalData: string },
): SealedText {
  const nonce = randomBytes(12)
  const cipher = createCipheriv(algorithm, key.bytes, nonce, { authTagLength: tagLength })
  cipher.setAAD(Buffer.from(additionalData))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return { keyId: key.id, nonce: nonce.toString('base64'), text: sealed.toString('base64') }
}

/** The text that was sealed; `undefined` when it was not with this key and this additional data. */
export function openText(
  sealed: SealedText,
  { key, additionalData }: { key: SealingKey; additionalData: string },
): string | undefined {
  const bytes = Buffer.from(sealed.text, 'base64')
  if (bytes.length < tagLength) return undefined
  try {
    const decipher = createDecipheriv(algorithm, key.bytes, Buffer.from(sealed.nonce, 'base64'), {
      authTagLength: tagLength,
    })
    decipher.setAAD(Buffer.from(additionalData))
    decipher.setAuthTag(bytes.subarray(-tagLength))
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagLength)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

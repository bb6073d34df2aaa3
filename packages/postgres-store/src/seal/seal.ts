import { fromBase64, toBase64 } from './base64.ts'
import type { ReadyKey } from './key-source.ts'

/**
 * A sealed text, as node-store writes it: nonce, then ciphertext with its tag of 16 bytes, both base64. Here they are
 * one text, the nonce first: it is always 16 characters, and tells seals apart.
 */
export const nonceCharacters = 16
/** The same in bytes, as a row keeps it. */
export const nonceBytes = 12

const tagBytes = 16

/** Seals a text with AES-256-GCM. The additional data is not hidden; without the same, it cannot be opened. */
export async function sealText(
  text: string,
  { key, additionalData }: { key: ReadyKey; additionalData: string },
): Promise<string> {
  // 96 random bits for each text: NIST SP 800-38D, section 8.3, allows 2^32 of them under one key.
  const iv = crypto.getRandomValues(new Uint8Array(nonceBytes))
  const sealed = await crypto.subtle.encrypt(algorithm(iv, additionalData), key.seal, new TextEncoder().encode(text))
  return toBase64(iv) + toBase64(new Uint8Array(sealed))
}

/** The text that was sealed; `undefined` when it was not with this key and this additional data. */
export async function openText(
  sealed: string,
  { key, additionalData }: { key: ReadyKey; additionalData: string },
): Promise<string | undefined> {
  const iv = fromBase64(sealed.slice(0, nonceCharacters))
  const bytes = fromBase64(sealed.slice(nonceCharacters))
  if (iv?.length !== nonceBytes || bytes === undefined || bytes.length < tagBytes) return undefined
  try {
    return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm(iv, additionalData), key.seal, bytes))
  } catch {
    return undefined
  }
}

/** Binds texts together under a key: base64 of HMAC-SHA-256. */
export async function signParts(parts: readonly string[], key: ReadyKey): Promise<string> {
  return toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key.mac, encodeParts(parts))))
}

export async function areParts(
  parts: readonly string[],
  { mac, key }: { mac: string; key: ReadyKey },
): Promise<boolean> {
  const bytes = fromBase64(mac)
  return bytes !== undefined && crypto.subtle.verify('HMAC', key.mac, bytes, encodeParts(parts))
}

/** The tag of a sealed text: it stands for all of it. */
export function tagOf(sealed: string): string {
  // 16 bytes are within the last 24 characters, with any padding.
  return sealed.slice(-24)
}

function algorithm(iv: Uint8Array<ArrayBuffer>, additionalData: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(additionalData) }
}

/** As JSON, so that no two lists of parts are the same bytes. */
function encodeParts(parts: readonly string[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(parts))
}

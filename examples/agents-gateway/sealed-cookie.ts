import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/**
 * Seals what a sign-in needs between `/connect` and `/callback`, for a cookie: any process may be the one that the
 * browser comes back to, and the transaction is a secret.
 */
export interface CookieSeal {
  seal(value: unknown): string
  /** `undefined` for what was not sealed here. */
  open(text: string): unknown
}

export function createCookieSeal(sessionKey: Uint8Array): CookieSeal {
  // A key of its own: what seals tokens seals nothing else.
  const key = Buffer.from(hkdfSync('sha256', sessionKey, '', 'agents-gateway sign-in cookie', 32))
  return {
    seal(value) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const sealed = [nonce, cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]
      return Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64url')
    },
    open(text) {
      const bytes = Buffer.from(text, 'base64url')
      if (bytes.length < 28) return undefined
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
        decipher.setAuthTag(bytes.subarray(-16))
        const opened = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
        return JSON.parse(opened.toString('utf8')) as unknown
      } catch {
        return undefined
      }
    },
  }
}

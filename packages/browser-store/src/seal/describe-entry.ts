/**
 * A text of what lies in the database, which differs where that does: bytes as numbers, keys by what is told of them.
 * It may hold secrets, and is for comparing alone.
 */
export function describeEntry(entry: unknown): string {
  try {
    return JSON.stringify(entry, describe) ?? 'undefined'
  } catch {
    return String(entry)
  }
}

function describe(_name: string, value: unknown): unknown {
  if (value instanceof ArrayBuffer) return { buffer: [...new Uint8Array(value)] }
  if (ArrayBuffer.isView(value)) return { view: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] }
  if (value instanceof CryptoKey) return { algorithm: value.algorithm, type: value.type, usages: value.usages }
  return value
}

/** The same in few characters, which tell nothing. */
export async function digestEntry(entry: unknown): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(describeEntry(entry)))
  return String(new Uint8Array(digest))
}

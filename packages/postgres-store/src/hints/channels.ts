import { escapeText } from '../database/escape-text.ts'

/** So many channels share all keys: a process hears of few keys that it does not have open. */
const channelCount = 64
/** PostgreSQL refuses payloads from 8,000 bytes on; an empty one stands for every key of its channel. */
const longestPayload = 2_000

/** In no escaped text, whose backslashes come in pairs or before a `u`. */
const separator = ' \\ '

/** On which channel a key is told. */
export function channelOf(key: string, schema: string): string {
  return `authchart_${hash(schema).toString(36)}_${hash(escapeText(key)) % channelCount}`
}

/** What is told there: the key, and the revision that it has now, escaped; none where the record is gone. */
export function payloadOf(key: string, revision: string | null): string {
  const payload = `${revision ?? ''}${separator}${escapeText(key)}`
  return payload.length > longestPayload ? '' : payload
}

/** Whether a key is meant, and the revision; `undefined` where none is told. */
export function readPayload(payload: string, key: string): { revision: string | undefined } | undefined {
  if (payload === '') return { revision: undefined }
  const [revision, escaped] = payload.split(separator)
  return escaped === escapeText(key) ? { revision: revision || undefined } : undefined
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0
  return value
}

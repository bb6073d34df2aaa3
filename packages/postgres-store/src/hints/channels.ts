import { escapeText } from '../database/escape-text.ts'

/** So many channels share all keys: a process hears of few keys that it does not have open. */
const channelCount = 64
/** PostgreSQL refuses payloads from 8,000 bytes on; an empty one stands for every key of its channel. */
const longestPayload = 2_000

/** On which channel a key is told, and how. */
export function hintOf(key: string, schema: string): { channel: string; payload: string } {
  const escaped = escapeText(key)
  return {
    channel: `authchart_${hash(schema).toString(36)}_${hash(escaped) % channelCount}`,
    payload: escaped.length > longestPayload ? '' : escaped,
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0
  return value
}

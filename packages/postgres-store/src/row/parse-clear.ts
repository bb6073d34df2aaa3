import { parseSessionRecord } from '@authchart/core/store'
import { escapeText } from '../database/escape-text.ts'
import type { ClearRecord, RecordRow } from './record-row.ts'

/** What the clear part of a row turned out to be. */
export type ParsedClear =
  | { readonly kind: 'clear'; readonly clear: ClearRecord }
  | { readonly kind: 'newerFormat' }
  | { readonly kind: 'unreadable'; readonly problem: string }

/** Judges the clear part of a row without its secrets, and trusts nothing about it. */
export function parseClear({ clear: text, isSealed, revision }: RecordRow): ParsedClear {
  const clear = parseJson(text)
  if (typeof clear !== 'object' || clear === null) return unreadable('its clear part is not a record')
  // Here they would pass for secrets that had been sealed.
  if ('secrets' in clear) return unreadable('there are secrets in its clear part')
  // Judged as the record would be whose secrets are not seen.
  const secrets = { tokenSet: { accessToken: 'sealed', tokenType: 'sealed', receivedAt: 0 } }
  const parsed = parseSessionRecord(isSealed ? { ...clear, secrets } : clear)
  if (parsed.kind === 'newerFormat') return parsed
  if (parsed.kind === 'malformed') return unreadable(parsed.problem)
  if (escapeText(parsed.record.revision) !== revision) return unreadable('its revision is not that of its clear part')
  return { kind: 'clear', clear: clear as ClearRecord }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreadable(problem: string): ParsedClear {
  return { kind: 'unreadable', problem }
}

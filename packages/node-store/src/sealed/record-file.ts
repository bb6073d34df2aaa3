import { parseSessionRecord, type SessionRecord, type SessionSecrets } from '@authchart/core/store'
import type { SealedText } from './seal.ts'

/** The version of the file's layout; that of the record in it is its own. */
const fileVersion = 1

/** A record without its secrets, as far as it can be judged without them. */
export type ClearRecord = Omit<SessionRecord, 'secrets'>

/** What a file holds: one of `sealed` and `secrets`, or neither where the record has no secrets. */
export interface RecordFile {
  readonly key: string
  readonly clear: ClearRecord
  readonly sealed?: SealedText
  /** In a store that was told not to seal. */
  readonly secrets?: SessionSecrets
}

/** What a text turned out to be. */
export type ParsedFile =
  | { readonly kind: 'file'; readonly file: RecordFile }
  | { readonly kind: 'newerFormat' }
  | { readonly kind: 'unreadable'; readonly problem: string }

/** The text of a file. */
export function formatRecordFile({ key, clear, sealed, secrets }: RecordFile): string {
  return `${JSON.stringify({ authchart: fileVersion, key, record: clear, sealed, secrets })}\n`
}

/**
 * Judges the text of a file, trusting nothing about it: whole, of this key, and with a clear part that is one.
 *
 * A torn file ends before its last brace, so it is not JSON.
 */
export function parseRecordFile(text: string): ParsedFile {
  const value = parseJson(text)
  if (!isObject(value)) return unreadable('it is torn, or not a file of authchart')
  if (typeof value.authchart === 'number' && value.authchart > fileVersion) return { kind: 'newerFormat' }
  const { authchart, key, record, sealed, secrets } = value
  if (authchart !== fileVersion || typeof key !== 'string') return unreadable('it is not a file of authchart')
  if (sealed !== undefined && !isSealedText(sealed)) return unreadable('its sealed part is malformed')
  // Secrets stand beside it. In it, they would pass for secrets that had been sealed.
  if (isObject(record) && 'secrets' in record) return unreadable('there are secrets in its clear part')
  const hasSecrets = sealed !== undefined || secrets !== undefined
  const parsed = parseSessionRecord(isObject(record) ? withPlaceholder(record, hasSecrets) : record)
  if (parsed.kind === 'newerFormat') return parsed
  if (parsed.kind === 'malformed') return unreadable(parsed.problem)
  return {
    kind: 'file',
    file: { key, clear: record as ClearRecord, sealed, secrets: secrets as SessionSecrets | undefined },
  }
}

/** A record's parts: what is in the clear, and what is not. */
export function splitRecord(record: SessionRecord): { clear: ClearRecord; secrets: SessionSecrets | undefined } {
  const { secrets, ...clear } = record
  return { clear, secrets }
}

/**
 * What a sealed text is bound to: the key, the generation, and the whole clear part beside it. In another file, or beside
 * a clear part that was changed, it does not open.
 */
export function additionalDataOf(key: string, clear: ClearRecord): string {
  return JSON.stringify(['authchart', fileVersion, key, clear.generation, clear])
}

/** The clear part is judged as the record would be whose secrets are not seen. */
function withPlaceholder(clear: Record<string, unknown>, hasSecrets: boolean): unknown {
  const secrets = { tokenSet: { accessToken: 'sealed', tokenType: 'sealed', receivedAt: 0 } }
  return { ...clear, secrets: hasSecrets ? secrets : undefined }
}

function isSealedText(value: unknown): value is SealedText {
  return isObject(value) && [value.keyId, value.nonce, value.text].every((part) => typeof part === 'string')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreadable(problem: string): ParsedFile {
  return { kind: 'unreadable', problem }
}

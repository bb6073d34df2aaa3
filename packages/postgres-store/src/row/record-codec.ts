import {
  ConfigurationError,
  parseSessionRecord,
  type SessionRecord,
  type SessionSecrets,
  StoreError,
} from '@authchart/core/store'
import { escapeText } from '../database/escape-text.ts'
import { toBase64 } from '../seal/base64.ts'
import type { Keyring, ReadyKey } from '../seal/key-source.ts'
import { areParts, nonceCharacters, openText, sealText, signParts, tagOf } from '../seal/seal.ts'
import { parseClear } from './parse-clear.ts'
import { type ClearRecord, nameRow, type RecordRow, refuseNewer } from './record-row.ts'

/** What is written of a record: columns as texts. */
export interface EncodedRecord {
  /** Escaped. */
  readonly revision: string
  readonly status: string
  readonly generation: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: string | null
  readonly clear: string
  readonly keyId: string | null
  readonly sealed: string | null
  readonly mac: string | null
  /**
   * The secrets are sealed in the row already, by the seal with this nonce: `sealed` need not be written. That keeps an
   * intent small.
   */
  readonly keepsSeal: string | null
}

/** Makes rows of records, and records of rows. */
export interface RecordCodec {
  /** @throws StoreError */
  decode(row: RecordRow): Promise<SessionRecord>
  /** @throws StoreError; ConfigurationError for a proof key that cannot be written */
  encode(key: string, record: SessionRecord): Promise<EncodedRecord>
}

/** A seal that was seen in a row, and what it was found to hold. */
interface KnownSeal {
  /** SHA-256: the secrets themselves are kept by their session alone. */
  readonly digest: string
  readonly additionalData: string
  readonly keyId: string
  readonly sealed: string
}

/** Of so many sessions the seal is remembered that was read last; of others, secrets are sealed anew. */
const mostKnownSeals = 2_000

export function createRecordCodec({ keyring, schema }: { keyring: Keyring; schema: string }): RecordCodec {
  const knownSeals = new Map<string, KnownSeal>()

  function remember(key: string, seal: KnownSeal): void {
    knownSeals.delete(key)
    knownSeals.set(key, seal)
    const [oldest] = knownSeals.keys()
    if (knownSeals.size > mostKnownSeals && oldest !== undefined) knownSeals.delete(oldest)
  }

  async function open(row: RecordRow, clear: ClearRecord): Promise<SessionRecord | string> {
    const { key, sealed, keyId, mac } = row
    if (sealed === null) return clear as SessionRecord
    if (keyId === null || mac === null) return 'it does not say which key has sealed it'
    const sealingKey = await keyring.find(keyId)
    if (sealingKey === undefined) return `it was sealed under the key ${keyId}, which is not among \`keys\``
    const isWhole = await areParts(macParts(key, row.clear, sealed), { mac, key: sealingKey })
    if (!isWhole) return 'its parts do not belong together'
    const additionalData = additionalDataOf(key, clear)
    const text = await openText(sealed, { key: sealingKey, additionalData })
    if (text === undefined) return 'its sealed part does not belong to it'
    const parsed = parseSessionRecord({ ...clear, secrets: JSON.parse(text) as unknown })
    if (parsed.kind !== 'record') return parsed.kind === 'malformed' ? parsed.problem : 'it is of a newer format'
    remember(key, { digest: await digestOf(text), additionalData, keyId, sealed })
    return parsed.record
  }

  async function sealSecrets(key: string, secrets: SessionSecrets, record: ClearRecord) {
    refuseCryptoKeys(secrets.proofKey)
    const text = JSON.stringify(secrets)
    const additionalData = additionalDataOf(key, record)
    const sealingKey: ReadyKey = await keyring.current()
    const known = knownSeals.get(key)
    const isKept =
      known !== undefined &&
      known.keyId === sealingKey.id &&
      known.additionalData === additionalData &&
      known.digest === (await digestOf(text))
    return {
      sealingKey,
      sealed: isKept ? known.sealed : await sealText(text, { key: sealingKey, additionalData }),
      isKept,
    }
  }

  return {
    async decode(row) {
      const parsed = parseClear(row)
      if (parsed.kind === 'newerFormat') return refuseNewer(row.key)
      const opened = parsed.kind === 'clear' ? await open(row, parsed.clear) : parsed.problem
      if (typeof opened !== 'string') return opened
      throw await unreadableError(row, {
        problem: opened,
        schema,
        clear: parsed.kind === 'clear' ? parsed.clear : undefined,
      })
    },

    async encode(key, record) {
      const { secrets, ...rest } = record
      const clear = JSON.stringify(rest)
      const columns = {
        revision: escapeText(record.revision),
        status: record.status,
        generation: String(record.generation),
        expiresAt: timeText(record.expiresAt),
        clear,
      }
      if (secrets === undefined) return { ...columns, keyId: null, sealed: null, mac: null, keepsSeal: null }
      const { sealingKey, sealed, isKept } = await sealSecrets(key, secrets, rest)
      const mac = await signParts(macParts(key, clear, sealed), sealingKey)
      return {
        ...columns,
        keyId: sealingKey.id,
        sealed,
        mac,
        keepsSeal: isKept ? sealed.slice(0, nonceCharacters) : null,
      }
    },
  }
}

async function digestOf(text: string): Promise<string> {
  return toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}

/** What the seal is bound to. The intent may change beside it, so the rest of the clear part is bound by the MAC. */
function additionalDataOf(key: string, { generation, signInId }: ClearRecord): string {
  return JSON.stringify(['authchart', 1, key, generation, signInId])
}

function macParts(key: string, clear: string, sealed: string): string[] {
  return ['authchart', '1', key, clear, tagOf(sealed)]
}

/** As far as PostgreSQL can count. */
function timeText(time: number | undefined): string | null {
  return time === undefined ? null : String(Math.min(time, 8.64e15))
}

async function unreadableError(
  row: RecordRow,
  { problem, schema, clear }: { problem: string; schema: string; clear: ClearRecord | undefined },
): Promise<StoreError> {
  return new StoreError(
    'recordUnreadable',
    `The session ${JSON.stringify(row.key)} in "${schema}".session cannot be read: ${problem}. It was not changed; sign in again to replace it.`,
    {
      replaceToken: await nameRow(row),
      summary: clear && { identity: clear.identity, highestReservedGeneration: clear.highestReservedGeneration },
    },
  )
}

/** JSON would make \`{}\` of it in silence, and the session could never prove anything again. */
function refuseCryptoKeys(proofKey: unknown): void {
  const parts = typeof proofKey === 'object' && proofKey !== null ? [proofKey, ...Object.values(proofKey)] : []
  if (!parts.some((part) => Object.prototype.toString.call(part) === '[object CryptoKey]')) return
  throw new ConfigurationError(
    'proofKey',
    'is a CryptoKey, which cannot be written into a database: give a JWK, exported from a key that was made extractable.',
  )
}

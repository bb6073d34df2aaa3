import { types } from 'node:util'
import { ConfigurationError, parseSessionRecord, type SessionRecord, StoreError } from '@authchart/core/store'
import { type FoundFile, replaceTokenOf } from '../folder/read-file.ts'
import { additionalDataOf, formatRecordFile, parseRecordFile, type RecordFile, splitRecord } from './record-file.ts'
import { openText, sealText } from './seal.ts'
import type { KeySource, SealingKey } from './sealing-key.ts'

/** Makes texts of records, and records of files. */
export interface RecordCodec {
  /**
   * What stands in the clear, for those who do not need the secrets.
   * @throws StoreError
   */
  parse(key: string, found: FoundFile): RecordFile
  /**
   * The record, its secrets included.
   * @throws StoreError
   */
  decode(key: string, found: FoundFile): Promise<SessionRecord>
  /**
   * The text of a record.
   * @param options `replaces`: the file that it is written over
   * @throws StoreError; ConfigurationError for a proof key that cannot be written
   */
  encode(key: string, record: SessionRecord, options: { replaces: RecordFile | undefined }): Promise<string>
}

/** @param keySource `undefined`: secrets are not sealed */
export function createRecordCodec(keySource: KeySource | undefined): RecordCodec {
  return {
    parse: parseOwnFile,

    async decode(key, found) {
      const file = parseOwnFile(key, found)
      const { clear, sealed, secrets } = file
      if (sealed === undefined && secrets === undefined) return clear as SessionRecord
      if (keySource === undefined) {
        if (secrets !== undefined) return { ...clear, secrets }
        throw unreadable(found, { file, problem: 'it is sealed, and this store was told `unsealed`' })
      }
      if (sealed === undefined) {
        throw unreadable(found, { file, problem: 'it is not sealed, and this store takes sealed records only' })
      }
      const sealingKey = await keySource.find(sealed.keyId)
      if (sealingKey !== undefined) return openRecord(file, { found, sealingKey })
      throw unreadable(found, { file, problem: 'it was sealed under a key that this store does not have' })
    },

    async encode(key, record, { replaces }) {
      const { clear, secrets } = splitRecord(record)
      if (secrets === undefined) return formatRecordFile({ key, clear })
      refuseCryptoKeys(secrets.proofKey)
      if (keySource === undefined) return formatRecordFile({ key, clear, secrets })
      const sealingKey = await keySource.current({ create: true, seen: replaces?.sealed?.keyId })
      if (sealingKey === undefined) throw new StoreError('storeUnavailable', 'There is no key to seal with.')
      // As it will be read: without what JSON leaves out.
      const additionalData = additionalDataOf(key, JSON.parse(JSON.stringify(clear)))
      const sealed = sealText(JSON.stringify(secrets), { key: sealingKey, additionalData })
      return formatRecordFile({ key, clear, sealed })
    },
  }
}

function parseOwnFile(key: string, found: FoundFile): RecordFile {
  const parsed = parseRecordFile(found.bytes.toString('utf8'))
  if (parsed.kind === 'newerFormat') throw fromNewerVersion(found.path)
  if (parsed.kind === 'unreadable') throw unreadable(found, { problem: parsed.problem })
  if (parsed.file.key !== key) throw unreadable(found, { problem: 'it belongs to another session' })
  return parsed.file
}

function openRecord(
  file: RecordFile,
  { found, sealingKey }: { found: FoundFile; sealingKey: SealingKey },
): SessionRecord {
  const { key, clear, sealed } = file
  const text = sealed && openText(sealed, { key: sealingKey, additionalData: additionalDataOf(key, clear) })
  if (text === undefined)
    throw unreadable(found, { file, problem: 'its sealed part does not belong to the rest of it' })
  const parsed = parseSessionRecord({ ...clear, secrets: JSON.parse(text) as unknown })
  if (parsed.kind === 'record') return parsed.record
  if (parsed.kind === 'newerFormat') throw fromNewerVersion(found.path)
  throw unreadable(found, { file, problem: parsed.problem })
}

/** The error of a file that holds no record which could be opened. A sign-in may replace it. */
export function unreadable(found: FoundFile, { file, problem }: { file?: RecordFile; problem: string }): StoreError {
  const summary = file && {
    identity: file.clear.identity,
    highestReservedGeneration: file.clear.highestReservedGeneration,
  }
  return new StoreError(
    'recordUnreadable',
    `The session at ${found.path} cannot be read: ${problem}. It was left as it is; the next sign-in replaces it.`,
    { replaceToken: replaceTokenOf(found), summary },
  )
}

/** The error of a file that must stay as it is. */
export function fromNewerVersion(path: string): StoreError {
  return new StoreError(
    'recordFromNewerVersion',
    `The session at ${path} was written by a newer version of authchart; update this program. It was left as it is.`,
  )
}

/** JSON would make `{}` of it in silence, and the session could never prove anything again. */
function refuseCryptoKeys(proofKey: unknown): void {
  const parts = typeof proofKey === 'object' && proofKey !== null ? [proofKey, ...Object.values(proofKey)] : []
  if (!parts.some((part) => types.isCryptoKey(part))) return
  throw new ConfigurationError(
    'proofKey',
    'is a CryptoKey, which cannot be written into a file: give a JWK, exported from a key that was made extractable.',
  )
}

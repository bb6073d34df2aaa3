import { types } from 'node:util'
import { ConfigurationError, parseSessionRecord, type SessionRecord, StoreError } from '@authchart/core/store'
import { additionalDataOf, formatRecordFile, parseRecordFile, type RecordFile, splitRecord } from './record-file.ts'
import { openText, sealText } from './seal.ts'
import type { KeySource, SealingKey } from './sealing-key.ts'

/** Makes texts of records, and records of texts. */
export interface RecordCodec {
  /**
   * What is in the clear, for whoever need not see the secrets.
   * @throws StoreError
   */
  parse(key: string, text: string): RecordFile
  /**
   * The record, its secrets included.
   * @throws StoreError
   */
  decode(file: RecordFile): Promise<SessionRecord>
  /**
   * The text of a record.
   * @param options `replaces`: what it is written over, whose key may be newer than the one remembered here
   * @throws StoreError; ConfigurationError for a proof key that cannot be written
   */
  encode(key: string, record: SessionRecord, options: { replaces: RecordFile | undefined }): Promise<string>
}

/** @param keySource `undefined`: secrets are not sealed */
export function createRecordCodec(keySource: KeySource | undefined): RecordCodec {
  async function keyFor(keyId: string | undefined, source: KeySource, create: boolean) {
    const key = await source.get({ create })
    // Somebody may have made a new one since: the keyring was reset, say.
    return keyId === undefined || key === undefined || key.id === keyId ? key : source.get({ create, fresh: true })
  }

  return {
    parse: parseOwnFile,

    async decode(file) {
      const { key, clear, sealed, secrets } = file
      if (sealed === undefined && secrets === undefined) return clear as SessionRecord
      if (keySource === undefined) {
        return secrets === undefined
          ? refuse(key, 'it is sealed, and this store was told `unsealed`')
          : { ...clear, secrets }
      }
      if (sealed === undefined) return refuse(key, 'it is not sealed, and this store takes sealed ones only')
      const sealingKey = await keyFor(sealed.keyId, keySource, false)
      if (sealingKey?.id !== sealed.keyId) {
        return refuse(key, 'it was sealed under a key that is not the one there is now')
      }
      return openRecord(file, sealingKey)
    },

    async encode(key, record, { replaces }) {
      const { clear, secrets } = splitRecord(record)
      if (secrets === undefined) return formatRecordFile({ key, clear })
      refuseCryptoKeys(secrets.proofKey)
      if (keySource === undefined) return formatRecordFile({ key, clear, secrets })
      const sealingKey = await keyFor(replaces?.sealed?.keyId, keySource, true)
      if (sealingKey === undefined) throw new StoreError('storeUnavailable', 'There is no key to seal with.')
      // As it will be read: without what JSON leaves out.
      const additionalData = additionalDataOf(key, JSON.parse(JSON.stringify(clear)))
      const sealed = sealText(JSON.stringify(secrets), { key: sealingKey, additionalData })
      return formatRecordFile({ key, clear, sealed })
    },
  }
}

function parseOwnFile(key: string, text: string): RecordFile {
  const parsed = parseRecordFile(text)
  if (parsed.kind === 'newerFormat') {
    throw new StoreError(
      'recordFromNewerVersion',
      `The session ${JSON.stringify(key)} was written by a newer version of authchart; update this program. It was left as it is.`,
    )
  }
  if (parsed.kind === 'unreadable') return refuse(key, parsed.problem)
  if (parsed.file.key !== key) return refuse(key, 'its file is that of another session')
  return parsed.file
}

function openRecord({ key, clear, sealed }: RecordFile, sealingKey: SealingKey): SessionRecord {
  const text = sealed && openText(sealed, { key: sealingKey, additionalData: additionalDataOf(key, clear) })
  if (text === undefined) return refuse(key, 'its sealed part does not belong to the rest of it')
  const parsed = parseSessionRecord({ ...clear, secrets: JSON.parse(text) as unknown })
  if (parsed.kind === 'record') return parsed.record
  return refuse(key, parsed.kind === 'malformed' ? parsed.problem : 'it is of a newer format')
}

function refuse(key: string, problem: string): never {
  throw new StoreError(
    'recordUnreadable',
    `The session ${JSON.stringify(key)} cannot be read: ${problem}. It was left as it is; remove its file to sign in anew.`,
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

import { createHash } from 'node:crypto'

/** The name of the file that holds the session under a key; those of its locks and temporary files begin alike. */
export function recordFileName(key: string): string {
  return `${nameOf(key)}.session`
}

/** Held while a session is refreshed. */
export function leaseFileName(key: string): string {
  return `${nameOf(key)}.lease`
}

/** Held while a record is compared and written; never for longer than that takes. */
export function writeLockFileName(key: string): string {
  return `${nameOf(key)}.write`
}

/** Where a writer writes down the name of its temporary file; it outlives a writer that is killed. */
export function noteFileName(key: string): string {
  return `${nameOf(key)}.note`
}

/** A file of this process, for a record that is being written. */
export function temporaryFileName(key: string): string {
  return `${nameOf(key)}.${crypto.randomUUID()}.tmp`
}

export function isRecordFileName(fileName: string): boolean {
  return /^[0-9a-f]{64}\.session$/.test(fileName)
}

/** Whether a name is one that `temporaryFileName` makes for this key. */
export function isTemporaryFileOf(key: string, fileName: string): boolean {
  return fileName.startsWith(`${nameOf(key)}.`) && /^[0-9a-f]{64}\.[0-9a-f-]{36}\.tmp$/.test(fileName)
}

/**
 * A name that every file system takes, and that tells keys apart that differ only in case. Of the key as JSON, since
 * lone surrogates would all become the same bytes of UTF-8.
 */
function nameOf(key: string): string {
  return createHash('sha256').update(JSON.stringify(key)).digest('hex')
}

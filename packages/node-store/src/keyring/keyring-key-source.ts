import { Buffer } from 'node:buffer'
import { StoreError } from '@authchart/core/store'
import type { SessionFolder } from '../folder/session-folder.ts'
import { acquireLock } from '../lock/acquire-lock.ts'
import type { KernelLock } from '../lock/kernel-lock.ts'
import { createSealingKey, type KeySource, keyLength, type SealingKey } from '../sealed/sealing-key.ts'
import type { KeyringEntry } from './keyring-entry.ts'
import { keyringError } from './keyring-errors.ts'

/** Held while a key is made: two first uses at once would make two keys, and one of them be lost. */
const lockFileName = 'key.lock'
/** How long somebody else may take to make one, in milliseconds. */
const lockWait = 4_000

/** The key that seals a folder's records, kept in the keyring, and remembered once it was read. */
export function createKeyringKeySource(entry: KeyringEntry, folder: SessionFolder): KeySource {
  let remembered: SealingKey | undefined
  let creating: Promise<SealingKey> | undefined

  async function readKey(): Promise<SealingKey | undefined> {
    const text = await entry.read()
    if (text === undefined) return undefined
    remembered = parseKey(text)
    return remembered
  }

  async function createUnderLock(): Promise<SealingKey> {
    folder.ensure()
    const lock = await lockForCreating(folder.pathOf(lockFileName))
    try {
      const found = await readKey()
      if (found !== undefined) return found
      await entry.write(formatKey(createSealingKey()))
      const written = await readKey()
      if (written === undefined) throw keyringError('storeUnavailable', 'what was written is not there')
      return written
    } finally {
      // A write that nobody waits for any more may still land: until then, nobody else makes a key.
      void entry.settled().then(() => lock.release())
    }
  }

  return {
    async get({ create, fresh = false }) {
      if (remembered !== undefined && !fresh) return remembered
      const found = await readKey()
      if (found !== undefined || !create) return found
      creating ??= createUnderLock().finally(() => {
        creating = undefined
      })
      return creating
    },
  }
}

async function lockForCreating(path: string): Promise<KernelLock> {
  const signal = AbortSignal.timeout(lockWait)
  try {
    return await acquireLock(path, { signal, keepAlive: true })
  } catch (error) {
    if (error !== signal.reason) throw error
    throw keyringError('storeUnavailable', 'another process has been making a key for too long')
  }
}

/** As text: as bytes, the library would hand it back as an array of numbers. */
function formatKey({ bytes }: SealingKey): string {
  return Buffer.from(bytes).toString('base64url')
}

function parseKey(text: string): SealingKey {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length === keyLength && formatKey({ bytes, id: '' }) === text) return createSealingKey(bytes)
  throw new StoreError(
    'recordUnreadable',
    'What is in the keyring where the key of the sessions should be is no key. It was left as it is; remove it there to sign in anew.',
  )
}

import { Buffer } from 'node:buffer'
import { StoreError } from '@authchart/core/store'
import type { SessionFolder } from '../folder/session-folder.ts'
import { acquireLock } from '../lock/acquire-lock.ts'
import type { KernelLock } from '../lock/kernel-lock.ts'
import { createSealingKey, type KeySource, keyLength, type SealingKey } from '../sealed/sealing-key.ts'
import { bounded } from './bounded.ts'
import type { KeyringEntry } from './keyring-entry.ts'
import { keyringError } from './keyring-errors.ts'

/** How long callers wait for the keyring, in milliseconds. */
const keyringPatience = 3_000
/** Held while a key is made: two first uses at once would make two keys, and one of them be lost. */
const lockFileName = 'key.lock'
/** How long another process may take to make one, in milliseconds. */
const lockWait = 4_000

/**
 * The key that seals a folder's records, kept in the keyring, and remembered once it was read.
 *
 * Callers wait 3 s. What was asked goes on: a user who answers a prompt late has answered for the calls that follow.
 */
export function createKeyringKeySource(entry: KeyringEntry, folder: SessionFolder): KeySource {
  let remembered: SealingKey | undefined
  let reading: Promise<SealingKey | undefined> | undefined
  let creating: Promise<SealingKey> | undefined

  async function readKey(): Promise<SealingKey | undefined> {
    const text = await entry.read()
    remembered = text === undefined ? undefined : parseKey(text, folder)
    return remembered
  }

  function shareReading(): Promise<SealingKey | undefined> {
    reading ??= readKey().finally(() => {
      reading = undefined
    })
    return reading
  }

  async function createUnderLock(): Promise<SealingKey> {
    folder.ensure()
    const lock = await lockForCreating(folder)
    try {
      // Not one that began before the lock was had.
      const found = await readKey()
      if (found !== undefined) return found
      await entry.write(formatKey(createSealingKey()))
      const written = await readKey()
      if (written === undefined) throw keyringError('unknown', 'what was written is not there')
      return written
    } finally {
      await lock.release()
    }
  }

  function shareCreating(): Promise<SealingKey> {
    creating ??= createUnderLock().finally(() => {
      creating = undefined
    })
    return creating
  }

  return {
    async current({ create, seen }) {
      if (remembered !== undefined && (seen === undefined || seen === remembered.id)) return remembered
      return inTime(create ? shareCreating() : shareReading())
    },
    async find(id) {
      if (remembered?.id === id) return remembered
      const isUnderWay = reading !== undefined
      const key = await inTime(shareReading())
      if (key?.id === id) return key
      // What was under way may have begun before the key was changed.
      const again = isUnderWay ? await inTime(shareReading()) : key
      return again?.id === id ? again : undefined
    },
  }
}

function inTime<Value>(work: Promise<Value>): Promise<Value> {
  return bounded(work, { milliseconds: keyringPatience, late: () => keyringError('late') })
}

async function lockForCreating(folder: SessionFolder): Promise<KernelLock> {
  const signal = AbortSignal.timeout(lockWait)
  try {
    return await acquireLock(folder, lockFileName, { signal, keepAlive: true })
  } catch (error) {
    if (error !== signal.reason) throw error
    throw keyringError('late', 'another process is making the key of the sessions')
  }
}

/** As text: as bytes, the library would hand it back as an array of numbers. */
function formatKey({ bytes }: SealingKey): string {
  return Buffer.from(bytes).toString('base64url')
}

function parseKey(text: string, folder: SessionFolder): SealingKey {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length === keyLength && formatKey({ bytes, id: '' }) === text) return createSealingKey(bytes)
  throw new StoreError(
    'recordUnreadable',
    `The keyring's entry for the sessions at ${folder.path} does not hold a key. It was left as it is; remove it there to sign in anew.`,
  )
}

import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { NodeStore } from '@authchart/node-store'
import type { Options } from './command-line.ts'
import { UsageError } from './describe-error.ts'

/** The folder in which this program keeps its own folder. */
export function stateFolder({ state }: Pick<Options, 'state'>): string {
  return state ?? join(homeOfRecord(), '.acme')
}

/** The user's home from the system, not from the environment, so that all processes of a user find the same. */
function homeOfRecord(): string {
  try {
    return userInfo().homedir
  } catch {
    // The random user numbers of some containers have no entry.
    return homedir()
  }
}

/**
 * Opens the store of sessions.
 * @throws StoreError when this machine has no such store; UsageError without a usable key
 */
export async function openStore(options: Pick<Options, 'state' | 'store'>): Promise<NodeStore> {
  const directory = join(stateFolder(options), 'sessions')
  // One import for each: keeping sessions in files loads no library for keyrings.
  if (options.store === 'keyring') {
    const { keyringStore } = await import('@authchart/node-store/keyring')
    return keyringStore({ service: 'acme', directory })
  }
  const { fileStore } = await import('@authchart/node-store/file')
  if (options.store === 'unsealed') return fileStore({ directory, unsealed: true })
  return fileStore({ directory, key: readStoreKey(process.env.ACME_STORE_KEY) })
}

function readStoreKey(text: string | undefined): Uint8Array {
  const key = Buffer.from(text ?? '', 'base64')
  if (key.length === 32) return key
  throw new UsageError(
    '--store file needs a key of 32 bytes, in base64, in ACME_STORE_KEY. Make one by: openssl rand -base64 32.',
  )
}

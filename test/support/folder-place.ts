import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StorePlace } from '@authchart/core/testing'
import type { NodeStore } from '@authchart/node-store'
import { createTemporaryFolder } from './temporary-folder.ts'

/** How the files of a key are called, as an administrator would find out. */
export function fileStem(key: string): string {
  return createHash('sha256').update(JSON.stringify(key)).digest('hex')
}

/** The file of a key's record. */
export function recordFile(directory: string, key: string): string {
  return join(directory, `${fileStem(key)}.session`)
}

/** A folder for a contract case: a store in memory of its own each time it is opened, the files shared. */
export function createFolderPlace(open: (directory: string) => NodeStore): StorePlace {
  const temporary = createTemporaryFolder()
  const directory = join(temporary.path, 'sessions')
  return {
    open: () => open(directory),
    corrupt(key) {
      const path = recordFile(directory, key)
      truncateSync(path, Math.floor(readFileSync(path).length / 2))
    },
    remove: () => rmSync(directory, { recursive: true }),
    breakDown() {
      renameSync(directory, `${directory}-gone`)
      writeFileSync(directory, 'no folder')
    },
    takeLease: (key) => rmSync(join(directory, `${fileStem(key)}.lease`)),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  }
}

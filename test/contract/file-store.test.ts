import { randomBytes } from 'node:crypto'
import { storeContract } from '@authchart/core/testing'
import { fileStore } from '@authchart/node-store/file'
import { describe, test } from 'vitest'
import { createFolderPlace } from '../support/folder-place.ts'

const key = randomBytes(32)

const sealed = await storeContract(
  () => createFolderPlace((directory) => fileStore({ directory, key, onUnreadable: () => {} })),
  {
    cryptoKeys: 'refused',
  },
)
const unsealed = await storeContract(
  () => createFolderPlace((directory) => fileStore({ directory, unsealed: true, onUnreadable: () => {} })),
  { cryptoKeys: 'refused' },
)

describe('the file store', () => {
  for (const { name, run } of sealed) test(name, run)
})

describe('the file store that does not seal', () => {
  for (const { name, run } of unsealed) test(name, run)
})

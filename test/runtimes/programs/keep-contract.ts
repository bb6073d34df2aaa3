/** Holds the file store to its contract, in Node, Bun or Deno; prints what it breaks. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StorePlace, storeContract } from '@authchart/core/testing'
import { fileStore } from '@authchart/node-store/file'

const key = new Uint8Array(32).fill(7)

function createPlace(): StorePlace {
  const parent = mkdtempSync(join(tmpdir(), 'authchart-contract-'))
  const directory = join(parent, 'sessions')
  return {
    open: () => fileStore({ directory, key, onUnreadable: () => {} }),
    remove: () => rmSync(directory, { recursive: true }),
    [Symbol.asyncDispose]: async () => rmSync(parent, { recursive: true }),
  }
}

const cases = await storeContract(createPlace, { cryptoKeys: 'refused', patienceMilliseconds: 30_000 })
const outcomes = await Promise.all(
  cases.map(({ name, run }) =>
    run().then(
      () => undefined,
      (error: unknown) => `${name}: ${String(error)}`,
    ),
  ),
)
console.log(JSON.stringify({ cases: cases.length, broken: outcomes.filter((outcome) => outcome !== undefined) }))

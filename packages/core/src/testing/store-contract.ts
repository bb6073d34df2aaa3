import type { SessionStore } from '../store/session-store.ts'
import { keys } from './contract/keys.ts'
import { leases, lostLeases } from './contract/lease.ts'
import { readingAndWriting } from './contract/reading-and-writing.ts'
import type { ContractStatement, StoreContractCase, StoreContractOptions, StorePlace } from './contract/store-place.ts'
import { brokenPlaces, unreadableRecords } from './contract/trouble.ts'
import { pages, removedPlaces, watchAndList } from './contract/watch-and-list.ts'
import { cryptoKeys, whatIsKept } from './contract/what-is-kept.ts'

/**
 * The contract that every `SessionStore` keeps, as cases for any test runner, in Node or in a page.
 *
 * Each case works in a place of its own. Cases that need a place to be spoilt or removed are there when the place says
 * how; those of optional methods, when the store has them.
 *
 * @param createPlace makes an empty place; called once when the list is made, to see what it can do, and once per case
 * @example
 * const cases = await storeContract(() => {
 *   const folder = mkdtempSync(join(tmpdir(), 'contract-'))
 *   return { open: () => createMyStore(folder), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
 * })
 * for (const { name, run } of cases) test(name, run)
 */
export async function storeContract(
  createPlace: () => StorePlace | Promise<StorePlace>,
  options: StoreContractOptions = {},
): Promise<StoreContractCase[]> {
  const { patienceMilliseconds = 5_000 } = options
  const sample = await createPlace()
  const statements = selectStatements(sample, await sample.open(), options)
  await sample[Symbol.asyncDispose]?.()
  return statements.map(({ name, hold }) => ({
    name,
    async run() {
      const place = await createPlace()
      try {
        await hold({ place, options: { patienceMilliseconds } })
      } finally {
        await place[Symbol.asyncDispose]?.()
      }
    },
  }))
}

function selectStatements(place: StorePlace, store: SessionStore, options: StoreContractOptions): ContractStatement[] {
  return [
    ...readingAndWriting,
    ...whatIsKept,
    ...(options.cryptoKeys === undefined ? [] : cryptoKeys(options.cryptoKeys)),
    ...keys,
    ...leases,
    ...(place.takeLease === undefined ? [] : lostLeases),
    ...watchAndList,
    ...(store.page === undefined ? [] : pages),
    ...(place.remove === undefined ? [] : removedPlaces),
    ...(place.corrupt === undefined ? [] : unreadableRecords),
    ...(place.breakDown === undefined ? [] : brokenPlaces),
  ]
}

import { keys } from './contract/keys.ts'
import { leases, lostLeases } from './contract/lease.ts'
import { readingAndWriting } from './contract/reading-and-writing.ts'
import type { ContractStatement, StoreContractCase, StoreContractOptions, StorePlace } from './contract/store-place.ts'
import { brokenPlaces, unreadableRecords } from './contract/trouble.ts'
import { watchAndList } from './contract/watch-and-list.ts'
import { cryptoKeys, whatIsKept } from './contract/what-is-kept.ts'

/**
 * The contract that every `SessionStore` keeps, as cases for whatever runs your tests, in Node or in a page.
 *
 * Each case works in a place of its own. Cases that need a place to be spoilt are there when the place says how.
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
  const statements = selectStatements(sample, options)
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

function selectStatements(place: StorePlace, options: StoreContractOptions): ContractStatement[] {
  return [
    ...readingAndWriting,
    ...whatIsKept,
    ...(options.cryptoKeys === undefined ? [] : cryptoKeys(options.cryptoKeys)),
    ...keys,
    ...leases,
    ...(place.takeLease === undefined ? [] : lostLeases),
    ...watchAndList,
    ...(place.corrupt === undefined ? [] : unreadableRecords),
    ...(place.breakDown === undefined ? [] : brokenPlaces),
  ]
}

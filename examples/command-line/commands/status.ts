import { plain } from '@authchart/example-demo/line'
import { keyOf } from '../accounts.ts'
import { signInHint } from '../describe-error.ts'
import { exitCodes } from '../exit-codes.ts'
import { openStore } from '../place.ts'
import { describeAccount, renderTable } from '../status-table.ts'
import type { Command } from './command.ts'

/** `acme status`: shows what the store lists. It needs no network and no key, so it works while the keyring is locked. */
export const status: Command = async (options, output) => {
  const store = await openStore(options)
  const { account } = options
  const summaries = (await store.list()).filter(({ key }) => account === undefined || key === keyOf(account))
  const accounts = summaries.map(describeAccount).sort((one, other) => one.account.localeCompare(other.account))
  output.printJson({ accounts })
  const now = Date.now()
  if (accounts.length > 0) for (const line of renderTable(accounts, { now })) output.print(line)
  else output.print([plain(`Not signed in; ${signInHint}.`)])
  return accounts.some(({ state }) => state === 'signedIn') ? exitCodes.done : exitCodes.notSignedIn
}

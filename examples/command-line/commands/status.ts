import type { SessionSummary } from '@authchart/core/store'
import { accountOf, keyOf } from '../accounts.ts'
import { hintAfter, signInHint } from '../describe-error.ts'
import { describeDuration } from '../describe-time.ts'
import { exitCodes } from '../exit-codes.ts'
import { openStore } from '../place.ts'
import type { Command } from './command.ts'

/** `acme status`: shows what the store lists. It needs no network and no key, so it works while the keyring is locked. */
export const status: Command = async (options, terminal) => {
  const store = await openStore(options)
  const { account } = options
  const summaries = (await store.list())
    .filter(({ key }) => account === undefined || key === keyOf(account))
    .sort((one, other) => one.key.localeCompare(other.key))
  terminal.printJson({ accounts: summaries.map(describeAccount) })
  if (summaries.length === 0) terminal.print({ text: `Not signed in; ${signInHint}.` })
  else terminal.printTable(['ACCOUNT', 'STATE', 'ACCESS TOKEN', 'ISSUER'], summaries.map(describeInRow))
  for (const text of summaries.flatMap(explainEnd)) terminal.print({ text })
  return summaries.some((each) => each.status === 'signedIn') ? exitCodes.done : exitCodes.notSignedIn
}

/** For scripts. Times are milliseconds since the epoch. */
function describeAccount({ key, status: state, identity, expiresAt, end }: SessionSummary): object {
  const { issuer, subject } = identity
  const hint = state === 'signedIn' ? undefined : hintAfter(end?.reason)
  return {
    account: accountOf(key),
    state,
    issuer,
    subject,
    expiresAt: state === 'signedOut' ? undefined : expiresAt,
    ...end,
    hint,
  }
}

const stateWords = { signedIn: 'signed in', ended: 'ended', signedOut: 'signed out' } as const

function describeInRow({ key, status: state, identity, expiresAt }: SessionSummary): string[] {
  return [accountOf(key), stateWords[state], describeExpiry(state, expiresAt), identity.issuer ?? '']
}

function describeExpiry(state: SessionSummary['status'], expiresAt: number | undefined): string {
  if (state === 'signedOut') return '–'
  if (expiresAt === undefined) return 'no expiry known'
  const remaining = expiresAt - Date.now()
  if (remaining > 0) return `expires in ${describeDuration(remaining)}`
  return state === 'signedIn' ? 'expired, renewed on use' : 'expired'
}

function explainEnd({ key, end }: SessionSummary): string[] {
  if (end === undefined) return []
  const { reason, endedAt = 0, serverCode } = end
  const said = serverCode === undefined ? '' : ` (the server said ${serverCode})`
  const ago = describeDuration(Math.max(Date.now() - endedAt, 0))
  return ['', `${accountOf(key)}: ended ${ago} ago, ${reason}${said}. To do: ${hintAfter(reason)}`]
}

import type { SessionSummary } from '@authchart/core/store'

/** The key under which an account's session is stored. */
export function keyOf(account: string): string {
  return `${prefix}${account}`
}

/** The account whose session is stored under a key. */
export function accountOf(key: string): string {
  return key.slice(prefix.length)
}

const prefix = 'acme:'

/** The account that a command is about. */
export type ChosenAccount =
  | { readonly kind: 'account'; readonly account: string; readonly summary: SessionSummary | undefined }
  /** There is no sign-in, and no account was named. */
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly accounts: readonly string[] }

/** The named account, or else the only one. An account whose session has ended counts, one that is signed out does not. */
export function chooseAccount(named: string | undefined, summaries: readonly SessionSummary[]): ChosenAccount {
  if (named !== undefined) {
    return { kind: 'account', account: named, summary: summaries.find(({ key }) => key === keyOf(named)) }
  }
  const [first, ...others] = summaries.filter(({ status }) => status !== 'signedOut')
  if (first === undefined) return { kind: 'none' }
  if (others.length === 0) return { kind: 'account', account: accountOf(first.key), summary: first }
  return { kind: 'several', accounts: [first, ...others].map(({ key }) => accountOf(key)) }
}

/** What to call the user: the name in the id token, or else the subject. */
export function nameFromClaims(claims: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const names = [claims?.preferred_username, claims?.email, claims?.sub]
  return names.find((name): name is string => typeof name === 'string' && name !== '')
}

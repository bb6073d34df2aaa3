import type { EndReason } from '@authchart/core'
import type { SessionSummary } from '@authchart/core/store'
import { type Line, plain, type StyleName, styled } from '@authchart/example-demo/line'
import { accountOf } from './accounts.ts'
import { hintAfter } from './describe-error.ts'

/** An account as `acme status` shows it. Times are milliseconds since the epoch. */
export interface AccountStatus {
  readonly account: string
  readonly state: SessionSummary['status']
  readonly issuer?: string
  readonly subject?: string
  /** Of the access token; an expired one is replaced when it is needed. */
  readonly expiresAt?: number
  readonly reason?: EndReason
  readonly endedAt?: number
  readonly serverCode?: string
  /** What to do, if something has to be done. */
  readonly hint?: string
}

/** A store's summary in the words of this program. */
export function describeAccount({ key, status, identity, expiresAt, end }: SessionSummary): AccountStatus {
  return {
    account: accountOf(key),
    state: status,
    issuer: identity.issuer,
    subject: identity.subject,
    expiresAt: status === 'signedOut' ? undefined : expiresAt,
    ...(end === undefined ? {} : end),
    hint: status === 'signedIn' ? undefined : hintAfter(end?.reason),
  }
}

const stateWords: Readonly<Record<AccountStatus['state'], { text: string; style: StyleName }>> = {
  signedIn: { text: 'signed in', style: 'good' },
  ended: { text: 'ended', style: 'bad' },
  signedOut: { text: 'signed out', style: 'quiet' },
}

/** The accounts as a table; below it, why sessions ended and what to do. */
export function renderTable(accounts: readonly AccountStatus[], { now }: { now: number }): Line[] {
  const rows = accounts.map((account) => [
    account.account,
    stateWords[account.state].text,
    describeExpiry(account, now),
    account.issuer ?? '',
  ])
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => [...(row[column] ?? '')].length)),
  )
  const body = accounts.map((account, index) =>
    (rows[index] ?? []).map((cell, column) => {
      const text = pad(cell, column, widths)
      return column === 1 ? styled(stateWords[account.state].style, text) : plain(text)
    }),
  )
  const head = headings.map((heading, column) => styled('strong', pad(heading, column, widths)))
  return [head, ...body, ...accounts.flatMap((account) => explainEnd(account, now))]
}

const headings = ['ACCOUNT', 'STATE', 'ACCESS TOKEN', 'ISSUER'] as const

/** The last column is not padded. */
function pad(cell: string, column: number, widths: readonly number[]): string {
  if (column === widths.length - 1) return cell
  return cell + ' '.repeat((widths[column] ?? 0) - [...cell].length + 2)
}

function describeExpiry({ state, expiresAt }: AccountStatus, now: number): string {
  if (state === 'signedOut') return '–'
  if (expiresAt === undefined) return 'no expiry known'
  if (expiresAt > now) return `expires in ${describeDuration(expiresAt - now)}`
  return state === 'signedIn' ? 'expired, renewed on use' : 'expired'
}

function explainEnd({ account, reason, endedAt = 0, serverCode, hint = '' }: AccountStatus, now: number): Line[] {
  if (reason === undefined) return []
  const said = serverCode === undefined ? '' : ` (the server said ${serverCode})`
  const ago = `${describeDuration(Math.max(now - endedAt, 0))} ago`
  return [
    [],
    [plain(`${account}: ended ${ago}, `), styled('bad', reason), plain(`${said}. To do: `), styled('strong', hint)],
  ]
}

/** A duration in its largest unit, such as `59 min`. */
export function describeDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}

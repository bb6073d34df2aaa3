import { createSession, NotSignedInError, type Session } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import type { NodeStore } from '@authchart/node-store'
import { type ChosenAccount, chooseAccount, keyOf } from './accounts.ts'
import type { Options } from './command-line.ts'
import { signInHint, UsageError } from './describe-error.ts'

/** An account's open session. */
export interface OpenAccount {
  readonly account: string
  readonly session: Session
}

/** The authorization server, and the client id there. */
export interface Server {
  readonly issuer: string
  readonly clientId: string
}

/** Opens the session of an account, at the server it signed in at. */
export function openSession(
  account: string,
  { store, server, options, api }: { store: NodeStore; server: Server; options: Options; api?: string },
): Session {
  return createSession({
    key: keyOf(account),
    store,
    grant: refreshTokenGrant(server),
    allowedOrigins: api === undefined ? [] : [api],
    signInHint,
    ...(options.debug ? { debug: (entry) => void process.stderr.write(`debug ${JSON.stringify(entry)}\n`) } : {}),
  })
}

/**
 * Opens the session of the account that a command is about, at the server where it signed in.
 *
 * @throws NotSignedInError when there is no account; UsageError when there are several and none was named
 */
export async function openChosen(
  store: NodeStore,
  { options, api }: { options: Options; api?: string },
): Promise<OpenAccount> {
  const { account, summary } = requireChosen(chooseAccount(options.account, await store.list()))
  const { issuer = options.issuer, clientId = options.clientId } = summary?.identity ?? {}
  if (issuer === undefined || clientId === undefined) throw new NotSignedInError({ signInHint })
  return {
    account,
    session: openSession(account, {
      store,
      server: { issuer, clientId },
      options,
      api,
    }),
  }
}

/** The chosen account, if there is one. */
export function requireChosen(chosen: ChosenAccount): Extract<ChosenAccount, { kind: 'account' }> {
  if (chosen.kind === 'account') return chosen
  if (chosen.kind === 'none') throw new NotSignedInError({ signInHint })
  throw new UsageError(`There are several accounts: name one of ${chosen.accounts.join(', ')} by --account.`)
}

/**
 * The origin of the API, for a command that needs it.
 * @throws UsageError without
 */
export function requireApi({ api }: Pick<Options, 'api'>): string {
  if (api === undefined) throw new UsageError('Which API? Name it by --api, or in ACME_API.')
  const url = URL.canParse(api) ? new URL(api) : undefined
  if (url?.href === `${url?.origin}/`) return url.origin
  throw new UsageError(`--api must be an origin, such as https://api.acme.example, and is ${api}.`)
}

/**
 * The URL of a path at the API.
 * @throws UsageError for one that leads elsewhere
 */
export function urlAt(api: string, path: string): URL {
  const url = URL.canParse(path, api) ? new URL(path, api) : undefined
  if (url !== undefined && url.origin === api) return url
  throw new UsageError(`"${path}" is not a path at ${api}: give one such as /orders.`)
}

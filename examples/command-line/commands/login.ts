import { createSession, memoryStore, type Session, type SessionSnapshot, type SignInTokens } from '@authchart/core'
import { beginDeviceAuthorization, refreshTokenGrant } from '@authchart/core/oauth'
import { signInByLoopback } from '@authchart/node-store/loopback'
import { keyOf, nameFromClaims } from '../accounts.ts'
import type { Options } from '../command-line.ts'
import { UsageError } from '../describe-error.ts'
import { describeUntil } from '../describe-time.ts'
import { exitCodes } from '../exit-codes.ts'
import { forgetRecording } from '../flight-recorder.ts'
import { type OpenAccount, openSession, type Server } from '../open-session.ts'
import { openStore, stateFolder } from '../place.ts'
import type { Terminal } from '../terminal.ts'
import type { Command } from './command.ts'

/** `acme login`: signs in, under the given name or else under the name in the id token. */
export const login: Command = async (options, terminal) => {
  const server = requireServer(options)
  const interruption = new AbortController()
  process.once('SIGINT', () => interruption.abort())
  const hideProgress = terminal.showProgress((seconds) => `Waiting for you to sign in, ${seconds} s; Ctrl-C ends it`)
  try {
    const { account, session } = await signIn(server, { options, terminal, signal: interruption.signal })
    hideProgress()
    await forgetRecording(stateFolder(options), account)
    const { expiresAt, signInExpiresAt } = session.getSnapshot()
    terminal.print({ mark: 'good', text: `Signed in as ${account}.` })
    for (const text of describeLifetimes({ expiresAt, signInExpiresAt })) terminal.print({ text: `  ${text}` })
    terminal.printJson({ account, issuer: server.issuer, expiresAt, signInExpiresAt })
    return exitCodes.done
  } catch (error) {
    if (interruption.signal.aborted) return exitCodes.interrupted
    throw error
  } finally {
    hideProgress()
  }
}

/** Until when the tokens live, as far as the server has said. */
function describeLifetimes({ expiresAt, signInExpiresAt }: Pick<SessionSnapshot, 'expiresAt' | 'signInExpiresAt'>) {
  const now = Date.now()
  return [
    ...(expiresAt === undefined ? [] : [`Access token until ${describeUntil(expiresAt, now)}, then renewed on use.`]),
    ...(signInExpiresAt === undefined ? [] : [`Sign-in until ${describeUntil(signInExpiresAt, now)}.`]),
  ]
}

interface SignIn {
  readonly options: Options
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

async function signIn(server: Server, { options, terminal, signal }: SignIn): Promise<OpenAccount> {
  const { account: named, scope } = options
  const store = await openStore(options)
  const opened = Promise.withResolvers<OpenAccount>()
  // The account is known only after the sign-in. Check before the browser opens that the store can keep one.
  const target = {
    checkStore: () => store.check(keyOf(named ?? 'not-known-yet')),
    async signIn(tokens: SignInTokens) {
      const account = named ?? (await nameOf(tokens, server))
      const session = openSession(account, { store, server, options })
      session.on('refreshTokenMissing', ({ advice }) => terminal.say({ mark: 'caution', text: advice }))
      const snapshot = await session.signIn(tokens)
      opened.resolve({ account, session })
      return snapshot
    },
  } satisfies Pick<Session, 'checkStore' | 'signIn'>
  if (!options.device) {
    await signInByLoopback(target, { ...server, scope, signal, loginHint: named })
    return opened.promise
  }
  await target.checkStore()
  const device = await beginDeviceAuthorization({ ...server, scope, signal })
  // On stderr with --json too: the user has to see it.
  terminal.say({ text: `Open ${device.verificationUri} and type ${device.userCode}` })
  await target.signIn(await device.waitForTokens({ signal }))
  return opened.promise
}

/** The claims of the id token, read by a session that stores nothing. */
async function nameOf(tokens: SignInTokens, server: Server): Promise<string> {
  await using reader = createSession({ key: 'reader', store: memoryStore(), grant: refreshTokenGrant(server) })
  await reader.signIn(tokens)
  const name = nameFromClaims(reader.claims)
  if (name !== undefined) return name
  throw new UsageError('The server does not say who has signed in: name the account by --account, and sign in again.')
}

function requireServer({ issuer, clientId }: Options): Server {
  if (issuer === undefined) throw new UsageError('Sign in where? Name the server by --issuer, or in ACME_ISSUER.')
  if (clientId === undefined) throw new UsageError('As which client? Name it by --client-id, or in ACME_CLIENT_ID.')
  return { issuer, clientId }
}

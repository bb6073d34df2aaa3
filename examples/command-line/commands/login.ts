import { createSession, memoryStore, type Session, type SignInTokens } from '@authchart/core'
import { beginDeviceAuthorization, refreshTokenGrant } from '@authchart/core/oauth'
import { plain, styled } from '@authchart/example-demo/line'
import type { NodeStore } from '@authchart/node-store'
import { signInByLoopback } from '@authchart/node-store/loopback'
import { keyOf, nameFromClaims } from '../accounts.ts'
import type { Options } from '../command-line.ts'
import { UsageError } from '../describe-error.ts'
import { exitCodes } from '../exit-codes.ts'
import { forgetRecording } from '../flight-recorder.ts'
import { type OpenAccount, openSession, type Server } from '../open-session.ts'
import type { Output } from '../output.ts'
import { openStore, stateFolder } from '../place.ts'
import type { Command } from './command.ts'

/** `acme login`: signs in, under the given name or else under the name in the id token. */
export const login: Command = async (options, output) => {
  const server = requireServer(options)
  const store = await openStore(options)
  const interruption = new AbortController()
  process.once('SIGINT', () => interruption.abort())
  try {
    const { account, session } = await signIn({ options, output, server, store, signal: interruption.signal })
    const { expiresAt } = session.getSnapshot()
    await forgetRecording(stateFolder(options), account)
    output.print([styled('good', '✓ '), plain(`Signed in as ${account}.`)])
    output.printJson({ account, issuer: server.issuer, expiresAt })
    return exitCodes.done
  } catch (error) {
    if (interruption.signal.aborted) return exitCodes.interrupted
    throw error
  }
}

interface SignIn {
  readonly options: Options
  readonly output: Output
  readonly server: Server
  readonly store: NodeStore
  readonly signal: AbortSignal
}

async function signIn({ options, output, server, store, signal }: SignIn): Promise<OpenAccount> {
  const { account: named, scope } = options
  const opened = Promise.withResolvers<OpenAccount>()
  // The account is known only after the sign-in. Check before the browser opens that the store can keep one.
  const target = {
    checkStore: () => store.check(keyOf(named ?? 'not-known-yet')),
    async signIn(tokens: SignInTokens) {
      const account = named ?? (await nameOf(tokens, server))
      const session = openSession(account, { store, server, options })
      session.on('refreshTokenMissing', ({ advice }) => output.say([styled('caution', '! '), plain(advice)]))
      const snapshot = await session.signIn(tokens)
      opened.resolve({ account, session })
      return snapshot
    },
  } satisfies Pick<Session, 'checkStore' | 'signIn'>
  if (options.device) {
    await target.checkStore()
    await target.signIn(await waitForDevice({ server, scope, output, signal }))
  } else {
    await signInByLoopback(target, { ...server, scope, signal, loginHint: named })
  }
  return opened.promise
}

async function waitForDevice({
  server,
  scope,
  output,
  signal,
}: Pick<SignIn, 'server' | 'output' | 'signal'> & { scope: string }): Promise<SignInTokens> {
  const device = await beginDeviceAuthorization({ ...server, scope, signal })
  const { verificationUri, userCode } = device
  // On stderr with --json too: the user has to see it.
  output.say([plain('Open '), styled('accent', verificationUri), plain(' and type '), styled('strong', userCode)])
  return device.waitForTokens({ signal })
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

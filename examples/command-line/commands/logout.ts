import type { NodeStore } from '@authchart/node-store'
import { accountOf } from '../accounts.ts'
import type { Options } from '../command-line.ts'
import { exitCodes } from '../exit-codes.ts'
import { forgetRecording } from '../flight-recorder.ts'
import { openChosen } from '../open-session.ts'
import { openStore, stateFolder } from '../place.ts'
import type { Terminal } from '../terminal.ts'
import type { Command } from './command.ts'

/** `acme logout`: forgets the tokens here first, then revokes them, which may fail. */
export const logout: Command = async (options, terminal) => {
  const store = await openStore(options)
  const hideProgress = terminal.showProgress((seconds) => `Waiting for the server to revoke the tokens, ${seconds} s`)
  try {
    if (!options.all) {
      terminal.printJson(await signOut(store, options, terminal))
      return exitCodes.done
    }
    const signedIn = (await store.list()).filter(({ status }) => status !== 'signedOut')
    const accounts = await Promise.all(
      signedIn.map(({ key }) => signOut(store, { ...options, account: accountOf(key) }, terminal)),
    )
    if (accounts.length === 0) terminal.print({ text: 'Not signed in.' })
    terminal.printJson({ accounts })
    return exitCodes.done
  } finally {
    hideProgress()
  }
}

async function signOut(store: NodeStore, options: Options, terminal: Terminal) {
  const { account, session } = await openChosen(store, { options })
  // What cannot be read is signed out all the same.
  const before = await session.ready.catch(() => undefined)
  let revoked = true
  session.on('revocationFailed', () => {
    revoked = false
  })
  await session.signOut()
  // Notices arrive after the other listeners have seen the change.
  await session.close()
  await forgetRecording(stateFolder(options), account)
  const isNobody = before?.status === 'signedOut'
  terminal.print(
    isNobody ? { text: `${account} was not signed in.` } : { mark: 'good', text: `Signed out ${account}.` },
  )
  const failure = `The server could not be told to revoke the tokens of ${account}: they end by themselves.`
  if (!revoked) terminal.say({ mark: 'caution', text: failure })
  return { account, revoked }
}

import { plain, styled } from '@authchart/example-demo/line'
import type { NodeStore } from '@authchart/node-store'
import { accountOf } from '../accounts.ts'
import type { Options } from '../command-line.ts'
import { exitCodes } from '../exit-codes.ts'
import { forgetRecording } from '../flight-recorder.ts'
import { openChosen } from '../open-session.ts'
import type { Output } from '../output.ts'
import { openStore, stateFolder } from '../place.ts'
import type { Command } from './command.ts'

/** `acme logout`: forgets the tokens here first, then revokes them, which may fail. */
export const logout: Command = async (options, output) => {
  const store = await openStore(options)
  if (!options.all) {
    const outcome = await signOut(store, options, output)
    output.printJson(outcome)
    return exitCodes.done
  }
  const signedIn = (await store.list()).filter(({ status }) => status !== 'signedOut')
  const accounts = await Promise.all(
    signedIn.map(({ key }) => signOut(store, { ...options, account: accountOf(key) }, output)),
  )
  if (accounts.length === 0) output.print([plain('Not signed in.')])
  output.printJson({ accounts })
  return exitCodes.done
}

async function signOut(store: NodeStore, options: Options, output: Output) {
  const { account, session } = await openChosen(store, { options })
  let isRevoked = true
  session.on('revocationFailed', () => {
    isRevoked = false
  })
  await session.signOut()
  // Notices arrive after the other listeners have seen the change.
  await session.close()
  await forgetRecording(stateFolder(options), account)
  output.print([styled('good', '✓ '), plain(`Signed out ${account}.`)])
  if (!isRevoked) {
    const text = `The server could not be told to revoke the tokens of ${account}: they end by themselves.`
    output.say([styled('caution', '! '), plain(text)])
  }
  return { account, revoked: isRevoked }
}

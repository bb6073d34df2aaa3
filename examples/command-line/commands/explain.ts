import { explainRecording } from '@authchart/core/inspect'
import { chooseAccount } from '../accounts.ts'
import { exitCodes } from '../exit-codes.ts'
import { readRecording } from '../flight-recorder.ts'
import { requireChosen } from '../open-session.ts'
import { openStore, stateFolder } from '../place.ts'
import type { Command } from './command.ts'

/** `acme explain`: says why an account's session ended or fails, as `call` and `watch` recorded it. */
export const explain: Command = async (options, terminal) => {
  const store = await openStore(options)
  const { account } = requireChosen(chooseAccount(options.account, await store.list()))
  const recording = await readRecording(stateFolder(options), account)
  const explanation = recording && explainRecording(recording)
  const nothing = `Nothing is recorded of ${account} yet: "acme call" and "acme watch" record what they see.`
  terminal.print({ text: explanation?.text ?? nothing })
  terminal.printJson({ account, explanation: explanation ?? null, recording })
  return exitCodes.done
}

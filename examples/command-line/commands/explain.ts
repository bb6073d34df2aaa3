import { explainRecording } from '@authchart/core/inspect'
import { plain } from '@authchart/example-demo/line'
import { chooseAccount } from '../accounts.ts'
import { exitCodes } from '../exit-codes.ts'
import { readRecording } from '../flight-recorder.ts'
import { requireChosen } from '../open-session.ts'
import { openStore, stateFolder } from '../place.ts'
import type { Command } from './command.ts'

/** `acme explain`: says why an account's session ended or fails, as `call` and `watch` recorded it. */
export const explain: Command = async (options, output) => {
  const store = await openStore(options)
  const { account } = requireChosen(chooseAccount(options.account, await store.list()))
  const recording = await readRecording(stateFolder(options), account)
  if (recording === undefined) {
    output.print([plain(`Nothing is recorded of ${account} yet: "acme call" and "acme watch" record what they see.`)])
    output.printJson({ account, explanation: null })
    return exitCodes.done
  }
  const explanation = explainRecording(recording)
  for (const line of explanation.text.split('\n')) output.print([plain(line)])
  output.printJson({ account, explanation, recording })
  return exitCodes.done
}

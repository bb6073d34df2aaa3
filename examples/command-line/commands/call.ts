import { plain } from '@authchart/example-demo/line'
import { exitCodes } from '../exit-codes.ts'
import { startRecorder } from '../flight-recorder.ts'
import { openChosen, requireApi, urlAt } from '../open-session.ts'
import { openStore, stateFolder } from '../place.ts'
import { createApiClient } from '../request-api.ts'
import type { Command } from './command.ts'

/**
 * `acme call`: makes one request to the API and prints its answer.
 *
 * The session stays open. It does not keep the process alive, except for a refresh under way until that is stored.
 */
export const call: Command = async (options, output) => {
  const api = requireApi(options)
  const url = urlAt(api, options.path)
  const { account, session } = await openChosen(await openStore(options), { options, api })
  const recorder = startRecorder(session, { state: stateFolder(options), account })
  try {
    const { status, body, failure } = await createApiClient(session, { api })(url)
    if (body !== '') output.print([plain(body.replace(/\n$/, ''))])
    if (failure === undefined) {
      output.printJson({ account, status, body: parseBody(body) })
      return exitCodes.done
    }
    output.fail({ ...failure, ...(body === '' ? {} : { facts: { ...failure.facts, body } }) })
    return failure.exitCode
  } finally {
    await recorder.keep()
  }
}

/** Most answers of the API are JSON. */
function parseBody(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

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
export const call: Command = async (options, terminal) => {
  const api = requireApi(options)
  const url = urlAt(api, options.path)
  const { account, session } = await openChosen(await openStore(options), { options, api })
  const recorder = startRecorder(session, { state: stateFolder(options), account })
  const hideProgress = terminal.showProgress((seconds) => {
    const { status } = session.getSnapshot()
    return `Waiting for ${status === 'fresh' ? 'the API' : `a token (${status})`}, ${seconds} s`
  })
  try {
    const { status, body, failure } = await createApiClient(session, { api })(url)
    hideProgress()
    if (body !== '') terminal.print({ text: body.replace(/\n$/, '') })
    if (failure === undefined) {
      terminal.printJson({ account, status, body: parseBody(body) })
      return exitCodes.done
    }
    terminal.fail({ ...failure, facts: { ...failure.facts, body: body || undefined } })
    return failure.exitCode
  } finally {
    hideProgress()
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

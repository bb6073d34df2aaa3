import { isNotSignedInError, isSessionEndedError, isSessionError, type Session } from '@authchart/core'
import type { Options } from '../command-line.ts'
import { describeError } from '../describe-error.ts'
import { exitCodes } from '../exit-codes.ts'
import { startRecorder } from '../flight-recorder.ts'
import { type Beat, followBeat, noPulse } from '../heartbeat.ts'
import { openChosen, requireApi, urlAt } from '../open-session.ts'
import { createPause } from '../pause.ts'
import { openStore, stateFolder } from '../place.ts'
import { type AskApi, createApiClient } from '../request-api.ts'
import { createWatchTeller } from '../watch-teller.ts'
import type { Command } from './command.ts'

/**
 * `acme watch`: a heartbeat beside other programs that use the account. It prints one line for each change, not for each
 * failure. It survives outages and the end of the session: it goes on after the next sign-in.
 */
export const watch: Command = async (options, output) => {
  const api = requireApi(options)
  const url = urlAt(api, options.path)
  const { account, session: opened } = await openChosen(await openStore(options), { options, api })
  // Store a refresh under way before the program ends.
  await using session = opened
  const recorder = startRecorder(session, { state: stateFolder(options), account })
  const teller = createWatchTeller(output)
  session.on('*', (notice) => {
    teller.tellNotice(notice)
    if (['ended', 'refreshFailed', 'recovered'].includes(notice.type)) void recorder.keep()
  })
  const stop = createStop()
  const client = createApiClient(session, { api })
  await beatOn(session, {
    ask: (signal) => makeBeat(client, { url, signal, options }),
    everyMilliseconds: options.everySeconds * 1000,
    stop,
    teller,
  })
  await recorder.keep()
  const { status, reason } = session.getSnapshot()
  return status === 'signedOut' || reason !== undefined ? exitCodes.notSignedIn : exitCodes.done
}

interface Beating {
  readonly ask: (signal: AbortSignal) => Promise<Beat>
  readonly everyMilliseconds: number
  readonly stop: AbortSignal
  readonly teller: ReturnType<typeof createWatchTeller>
}

/** Makes one heartbeat after another until it is stopped; only one if there is no session at first. */
async function beatOn(session: Session, { ask, everyMilliseconds, stop, teller }: Beating): Promise<void> {
  const pause = createPause(session, stop)
  let pulse = noPulse
  while (!stop.aborted) {
    const beat = await ask(stop)
    if (stop.aborted) return
    const decision = followBeat(pulse, beat, { everyMilliseconds, now: Date.now(), random: Math.random() })
    if (decision.change !== undefined) teller.tellChange(decision.change)
    if (pulse.state === 'unknown' && beat.kind === 'failed' && beat.isOver) return
    pulse = decision.pulse
    await pause(decision.delayMilliseconds, { untilNews: pulse.state === 'failing' })
  }
}

async function makeBeat(
  ask: AskApi,
  { url, signal, options }: { url: URL; signal: AbortSignal; options: Options },
): Promise<Beat> {
  try {
    const { failure } = await ask(url, { signal })
    if (failure === undefined) return { kind: 'ok' }
    const { code, lines, facts } = failure
    const status = facts?.status === undefined ? '' : ` ${facts.status}`
    return { kind: 'failed', code: `${code}${status}`, text: lines.join(' '), isOver: code === 'sessionEnded' }
  } catch (error) {
    // Stopped, or a fault of this program, after which it must not go on.
    if (!isSessionError(error)) {
      if (signal.aborted) return { kind: 'ok' }
      throw error
    }
    const { code, lines, facts } = describeError(error, options)
    const retryAt = Number(facts?.retryAt ?? Number.NaN)
    const isOver = isSessionEndedError(error) || isNotSignedInError(error)
    return { kind: 'failed', code, text: lines.join(' '), isOver, retryAt: Number.isNaN(retryAt) ? undefined : retryAt }
  }
}

/** Ctrl-C, SIGTERM, or an output that is closed. A second signal ends the process at once. */
function createStop(): AbortSignal {
  const stop = new AbortController()
  const end = () => stop.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  process.stdout.on('error', end)
  return stop.signal
}

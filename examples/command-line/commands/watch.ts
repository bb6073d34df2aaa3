import { setTimeout } from 'node:timers/promises'
import { isSessionError, type Session, type SessionNotice } from '@authchart/core'
import { describeError, type Failure } from '../describe-error.ts'
import { describeDuration } from '../describe-time.ts'
import { exitCodes } from '../exit-codes.ts'
import { startRecorder } from '../flight-recorder.ts'
import { followBeat, noPulse } from '../heartbeat.ts'
import { openChosen, requireApi, urlAt } from '../open-session.ts'
import { openStore, stateFolder } from '../place.ts'
import { createApiClient } from '../request-api.ts'
import { createTeller, isOver } from '../tell-news.ts'
import type { Terminal } from '../terminal.ts'
import type { Command } from './command.ts'

/** Notices that `acme explain` is to know of, and those after which it is worth trying again early. */
const recorded: readonly SessionNotice['type'][] = ['ended', 'refreshFailed', 'recovered']
const goodNews: readonly SessionNotice['type'][] = ['signedIn', 'adopted', 'recovered']

/**
 * `acme watch`: a heartbeat beside other programs that use the account. It prints one line for each change, not for each
 * failure. It survives outages and the end of the session: it goes on after the next sign-in.
 */
export const watch: Command = async (options, terminal) => {
  const api = requireApi(options)
  const url = urlAt(api, options.path)
  const { account, session: opened } = await openChosen(await openStore(options), { options, api })
  // Store a refresh under way before the program ends.
  await using session = opened
  const recorder = startRecorder(session, { state: stateFolder(options), account })
  const tell = createTeller(terminal, options)
  session.on('*', (notice) => {
    tell.notice(notice)
    if (recorded.includes(notice.type)) void recorder.keep()
  })
  const stop = createStop()
  const ask = createApiClient(session, { api })
  const beat = async () => {
    try {
      return (await ask(url, { signal: stop })).failure
    } catch (error) {
      // Stopped, or a fault of this program, after which it must not go on.
      if (!isSessionError(error) && !stop.aborted) throw error
      return describeError(error, options)
    }
  }
  await beatOn(session, { beat, everyMilliseconds: options.everySeconds * 1000, stop, tell, terminal })
  await recorder.keep()
  const { status, reason } = session.getSnapshot()
  return status === 'signedOut' || reason !== undefined ? exitCodes.notSignedIn : exitCodes.done
}

interface Beating {
  readonly beat: () => Promise<Failure | undefined>
  readonly everyMilliseconds: number
  readonly stop: AbortSignal
  readonly tell: ReturnType<typeof createTeller>
  readonly terminal: Terminal
}

/** Makes one heartbeat after another until it is stopped; only one if there is no session at first. */
async function beatOn(session: Session, { beat, everyMilliseconds, stop, tell, terminal }: Beating): Promise<void> {
  let pulse = noPulse
  let beats = 0
  let news = new AbortController()
  for (const type of goodNews) session.on(type, () => news.abort())
  const hideProgress = terminal.showProgress((seconds) => {
    const { expiresAt = 0, status } = session.getSnapshot()
    const left = expiresAt > Date.now() ? `, token for ${describeDuration(expiresAt - Date.now())}` : ''
    return `${beats} ${beats === 1 ? 'heartbeat' : 'heartbeats'} in ${describeDuration(seconds * 1000)}; session ${status}${left}`
  })
  try {
    while (!stop.aborted) {
      news = new AbortController()
      const failure = await beat()
      if (stop.aborted) return
      beats += 1
      const decision = followBeat(pulse, failure, { everyMilliseconds, now: Date.now(), random: Math.random() })
      if (decision.change !== undefined) tell.change(decision.change)
      if (pulse.state === 'unknown' && isOver(failure)) return
      pulse = decision.pulse
      const signal = failure === undefined ? stop : AbortSignal.any([stop, news.signal])
      await setTimeout(decision.delayMilliseconds, undefined, { signal }).catch(() => {})
    }
  } finally {
    hideProgress()
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

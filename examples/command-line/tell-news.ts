import type { SessionNotice } from '@authchart/core'
import { type Failure, hintAfter, signInHint } from './describe-error.ts'
import { describeDuration } from './describe-time.ts'
import { exitCodes } from './exit-codes.ts'
import type { PulseChange } from './heartbeat.ts'
import type { Line, Terminal } from './terminal.ts'

/** Only a new sign-in helps. */
export function isOver(failure: Failure | undefined): boolean {
  return failure?.exitCode === exitCodes.notSignedIn
}

/** Says each change once, though the session and a heartbeat see the same end: the API on stdout, the session on stderr. */
export function createTeller(terminal: Terminal, { json }: { json: boolean }) {
  let saysOver = false
  const report = (value: object) => terminal.printJson({ at: new Date().toISOString(), ...value })
  return {
    notice(notice: SessionNotice) {
      report(notice)
      const lines = describeNotice(notice, { wasOver: saysOver })
      if (['ended', 'signedOut'].includes(notice.type)) saysOver = true
      if (['signedIn', 'adopted', 'refreshed'].includes(notice.type)) saysOver = false
      if (!json) for (const line of lines) terminal.say(line)
    },
    change(change: PulseChange) {
      report(describeChangeInJson(change))
      const line = describeChange(change)
      if (change.state === 'ok' || !isOver(change.failure)) terminal.print(line)
      else if (!saysOver) {
        saysOver = true
        if (!json) terminal.say({ ...line, mark: 'bad' })
      }
    },
  }
}

/** What a notice of the session says to people. How refreshing fails is left out: heartbeats see it as soon as it matters. */
function describeNotice(notice: SessionNotice, { wasOver }: { wasOver: boolean }): Line[] {
  const good = (text: string): Line => ({ mark: 'good', text })
  switch (notice.type) {
    case 'refreshed':
      return [...(wasOver ? [good('signed in again')] : []), good('token refreshed')]
    case 'adopted':
    case 'signedIn':
      return [good(wasOver ? 'signed in again' : 'token refreshed by another process')]
    case 'ended': {
      const { reason, serverCode } = notice
      const said = serverCode === undefined ? '' : `, the server said ${serverCode}`
      return [{ mark: 'bad', text: `The session has ended (${reason}${said}): ${hintAfter(reason)}` }]
    }
    case 'signedOut':
      return [{ mark: 'bad', text: `Signed out: ${signInHint}` }]
    case 'unstored':
      return [{ mark: 'caution', text: 'new tokens cannot be stored yet: do not kill this program' }]
    case 'stored':
      return [good('the new tokens are stored')]
    default:
      return []
  }
}

/** What a change of the heartbeats says to people. */
function describeChange(change: PulseChange): Line {
  if (change.state === 'failing') return { mark: 'caution', text: change.failure.lines.join(' ') }
  const { failures, afterMilliseconds } = change
  if (failures === undefined || afterMilliseconds === undefined) return { mark: 'good', text: 'The API answers.' }
  const times = failures === 1 ? 'one call' : `${failures} calls`
  const text = `The API answers again: ${times} had failed, for ${describeDuration(afterMilliseconds)}.`
  return { mark: 'good', text }
}

/** The same for scripts. */
function describeChangeInJson(change: PulseChange): object {
  if (change.state === 'ok') return { type: 'heartbeat', ...change }
  const { code, lines, facts } = change.failure
  const status = facts?.status === undefined ? '' : ` ${facts.status}`
  return { type: 'heartbeat', state: 'failing', code: `${code}${status}`, message: lines.join(' ') }
}

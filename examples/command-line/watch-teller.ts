import type { SessionNotice } from '@authchart/core'
import { type Line, plain, styled } from '@authchart/example-demo/line'
import { hintAfter, signInHint } from './describe-error.ts'
import type { PulseChange } from './heartbeat.ts'
import type { Output } from './output.ts'
import { describeDuration } from './status-table.ts'

/** Reports what a watch sees. */
export interface WatchTeller {
  tellNotice(notice: SessionNotice): void
  tellChange(change: PulseChange): void
}

/**
 * Reports each change in a line: those of the API on stdout, those of the session on stderr; with `--json` both on
 * stdout, one object per line.
 */
export function createWatchTeller(output: Output): WatchTeller {
  /** Said once, by the session or by a heartbeat. */
  let isOver = false
  const report = (value: object) => output.printJson({ at: new Date().toISOString(), ...value })
  const say = (line: Line) => void (output.json || output.say(line))

  return {
    tellNotice(notice) {
      report(notice)
      const wasOver = isOver
      if (endings.has(notice.type)) isOver = true
      if (beginnings.has(notice.type)) isOver = false
      for (const line of renderNotice(notice, { wasOver })) say(line)
    },

    tellChange(change) {
      report(describeChange(change))
      if (change.type !== 'failing' || !change.isOver) {
        output.print(renderChange(change))
      } else if (!isOver) {
        isOver = true
        say([styled('bad', '✗ '), plain(change.text)])
      }
    },
  }
}

const endings: ReadonlySet<SessionNotice['type']> = new Set(['ended', 'signedOut'])
const beginnings: ReadonlySet<SessionNotice['type']> = new Set(['signedIn', 'adopted', 'refreshed'])

/** Leaves out how refreshing fails: the heartbeats see it as soon as it matters. */
function renderNotice(notice: SessionNotice, { wasOver }: { wasOver: boolean }): Line[] {
  switch (notice.type) {
    case 'refreshed':
      return [...(wasOver ? [good('signed in again')] : []), good('token refreshed')]
    case 'adopted':
    case 'signedIn':
      return [good(wasOver ? 'signed in again' : 'token refreshed by another process')]
    case 'ended': {
      const { reason, serverCode } = notice
      const said = serverCode === undefined ? '' : `, the server said ${serverCode}`
      return [over(`The session has ended (${reason}${said})`, hintAfter(reason))]
    }
    case 'signedOut':
      return [over('Signed out', signInHint)]
    case 'unstored':
      return [caution('new tokens cannot be stored yet: do not kill this program')]
    case 'stored':
      return [good('the new tokens are stored')]
    default:
      return []
  }
}

const good = (text: string): Line => [styled('good', '✓ '), plain(text)]
const caution = (text: string): Line => [styled('caution', '! '), plain(text)]
const over = (what: string, hint: string): Line => [styled('bad', '✗ '), plain(`${what}: `), styled('strong', hint)]

function describeChange(change: PulseChange): object {
  switch (change.type) {
    case 'ok':
      return { type: 'heartbeat', state: 'ok' }
    case 'recovered': {
      const { failures, afterMilliseconds } = change
      return { type: 'heartbeat', state: 'ok', failures, afterMilliseconds }
    }
    case 'failing':
      return { type: 'heartbeat', state: 'failing', code: change.code, message: change.text }
  }
}

function renderChange(change: PulseChange): Line {
  switch (change.type) {
    case 'ok':
      return good('The API answers.')
    case 'recovered': {
      const { failures, afterMilliseconds } = change
      const times = failures === 1 ? 'one heartbeat' : `${failures} heartbeats`
      return good(`The API answers again, after ${times} and ${describeDuration(afterMilliseconds)} without.`)
    }
    case 'failing':
      return caution(change.text)
  }
}

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../support/eventually.ts'

const main = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url))
/** The demo takes half a minute, and longer where others want the processor too. */
const patience = { timeout: 180_000 }

describe.concurrent('the demo', () => {
  it('keeps every promise and says so in the last line of --json', patience, async () => {
    const demo = startDemo('--json')
    const [output, errors, code] = await Promise.all([text(demo.stdout), text(demo.stderr), exitCode(demo)])
    const events = output.trimEnd().split('\n').map(parse)
    // With its reason.
    expect(events.filter(({ outcome }) => outcome === 'failedOtherwise')).toEqual([])
    expect(errors).toBe('')
    const summary = events.at(-1)
    expect(summary).toEqual({
      type: 'summary',
      requests: expect.any(Number),
      succeeded: expect.any(Number),
      failedWhileTokenUnusable: expect.any(Number),
      failedOtherwise: 0,
      tokenRequests: expect.any(Number),
      refreshes: expect.any(Number),
      replays: 1,
      reuseDetected: 0,
      ended: 'grantRejected',
    })
    expect(Number(summary?.succeeded) + Number(summary?.failedWhileTokenUnusable)).toBe(summary?.requests)
    expect(events.filter(({ type }) => type === 'act')).toHaveLength(7)
    expect(code).toBe(0)
  })

  it(
    'prints lines without escape sequences where there is no terminal, and the sign-in hint last',
    patience,
    async () => {
      const demo = startDemo()
      const [output, code] = await Promise.all([text(demo.stdout), exitCode(demo)])
      expect(output).not.toContain('\u001b')
      expect(output).not.toContain('\r')
      expect(output.trimEnd().split('\n').at(-1)).toBe('  Only a new sign-in helps: run `acme login`.')
      expect(code).toBe(0)
    },
  )

  it('shows its session in a viewer with --inspect, and says where', patience, async () => {
    const demo = startDemo('--json', '--inspect')
    // Whoever prints into a pipe that nobody empties waits.
    demo.stdout.resume()
    let url: string | undefined
    for await (const line of createInterface(demo.stderr)) {
      url = /Open (http:\S+)/.exec(line)?.[1]
      if (url !== undefined) break
    }
    const messages: { type: string; definition?: string; event?: { type: string } }[] = []
    const socket = new WebSocket(`${url?.replace('http', 'ws')}messages`)
    socket.on('message', (data) => messages.push(JSON.parse(String(data)) as (typeof messages)[number]))
    await eventually(() => messages.some(({ event }) => event?.type === 'tokens.stored'), {
      description: 'a refresh in the viewer',
      withinMilliseconds: 60_000,
    })
    expect(messages.find(({ type }) => type === '@xstate.actor')?.definition).toContain('"refreshing"')
    expect(await (await fetch(url ?? '')).text()).toContain('Session inspector')
    demo.kill('SIGINT')
    expect(await exitCode(demo)).toBe(130)
  })

  it('ends with code 130 after Ctrl-C', patience, async () => {
    const demo = startDemo('--json')
    const lines = createInterface(demo.stdout)
    for await (const line of lines) if (parse(line).type === 'callEnded') break
    demo.kill('SIGINT')
    expect(await exitCode(demo)).toBe(130)
  })
})

type Demo = ChildProcessByStdio<null, Readable, Readable>

function startDemo(...flags: string[]): Demo {
  const { FORCE_COLOR, NO_COLOR, ...env } = process.env
  return spawn(process.execPath, ['--conditions=@authchart/source', main, ...flags], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function exitCode(demo: Demo): Promise<unknown> {
  const [code] = demo.exitCode === null ? await once(demo, 'exit') : [demo.exitCode]
  return code
}

function parse(line: string): Record<string, unknown> {
  return JSON.parse(line) as Record<string, unknown>
}

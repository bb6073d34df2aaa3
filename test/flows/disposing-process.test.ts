import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startProgram } from '../support/program.ts'
import type { LeaveSessionOpenInput } from '../support/programs/leave-session-open.ts'
import { tokenSetOf } from '../support/signed-in-session.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

async function start(input: Omit<LeaveSessionOpenInput, 'issuer' | 'clientId' | 'tokenSet'>) {
  const tokenSet = tokenSetOf(await server.signIn())
  const { issuer, publicClient } = server
  return startProgram('leave-session-open', { issuer, clientId: publicClient.id, tokenSet, ...input })
}

test.each([{ dispose: false }, { dispose: true }])(
  'a process whose script is done exits at once though its session is open: %o',
  async ({ dispose }) => {
    for (const refreshTiming of ['onUse', 'eager'] as const) {
      await using program = await start({ dispose, refreshTiming })
      await program.printed('done')
      expect(await program.exited()).toBe(0)
    }
  },
)

test('a process exits at once while its session backs off', async () => {
  server.faults.answerWith(tokenAnswers.throttled, { times: Number.POSITIVE_INFINITY })
  await using program = await start({ begin: 'backOff', refreshTiming: 'eager' })
  await program.printed('done')
  expect(await program.exited()).toBe(0)
  expect(program.lines).toContain('notice refreshFailed')
})

test.each([{ dispose: false }, { dispose: true }])(
  'a process whose script is done during a refresh exits once the tokens are stored: %o',
  async ({ dispose }) => {
    const gate = server.faults.hold()
    await using program = await start({ begin: 'refresh', dispose })
    await gate.arrived()
    if (!dispose) await program.printed('done')
    expect(program.exitCode).toBeUndefined()
    expect(program.lines).not.toContain('stored')
    gate.release()
    expect(await program.exited()).toBe(0)
    expect(program.lines).toContain('stored')
  },
)

test('a process stays for tokens that cannot be stored yet, and exits once they are', async () => {
  await using program = await start({ begin: 'refresh', failingWrites: 2 })
  expect(await program.exited()).toBe(0)
  expect(program.lines).toEqual([
    'notice signedIn',
    'done',
    'notice unstored',
    'stored',
    'notice stored',
    'notice refreshed',
  ])
})

test('a process stays for the replay of an answer that was lost', async () => {
  server.faults.setGrace(60_000)
  server.faults.dropAnswerAfterCommit()
  await using program = await start({ begin: 'refresh' })
  expect(await program.exited()).toBe(0)
  expect(program.lines).toContain('stored')
})

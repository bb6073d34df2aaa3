import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AcmeWorld, startAcmeWorld } from './fixture.ts'

// Each test starts several processes, which take seconds where others want the processor too.
vi.setConfig({ testTimeout: 120_000 })

let world: AcmeWorld

beforeEach(async () => {
  world = await startAcmeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

/** Resolves once the watch has called, or tried to call, so many times more. */
async function moreRequests(count: number): Promise<void> {
  const before = world.api.counts.total
  await world.api.until(({ total }) => total >= before + count, { description: 'more heartbeats' })
}

describe('acme watch', () => {
  it('says once that an outage began, once that it is over, and each refresh, and stops with 0', async () => {
    await world.signIn('alice')
    await using watch = world.start('watch', '/health', '--every', '0.05')
    await moreRequests(3)
    const outage = world.api.faults.answerWith(
      { status: 503, headers: {}, body: '' },
      { times: Number.POSITIVE_INFINITY },
    )
    await moreRequests(3)
    outage.clear()
    await watch.says(/answers again/)
    await world.api.revokeLastAcceptedToken()
    await watch.says(/token refreshed/)
    await moreRequests(2)
    watch.signal('SIGTERM')
    const { code, stdout, stderr } = await watch.ended()
    expect(stdout.trimEnd().split('\n')).toEqual([
      '✓ The API answers.',
      '! The API answered 503: try again later.',
      expect.stringMatching(/^✓ The API answers again: [3-9] calls had failed, for \d+ s\.$/),
    ])
    expect(stderr).toBe('✓ token refreshed\n')
    expect(code).toBe(0)
  })

  it('P41 says the end once, costs no network after it, and goes on after a new sign-in', async () => {
    await world.signIn('alice')
    await using watch = world.start('watch', '--every', '0.05')
    await moreRequests(2)
    world.server.revokeGrant('alice')
    await watch.says(/run "acme login"/)
    await world.signIn('alice')
    await watch.says(/signed in again/)
    await watch.says(/answers again/)
    await world.signIn('alice', { expiresIn: 0 })
    world.server.revokeGrant('alice')
    await watch.says(/signed in again[\s\S]*run "acme login"/)
    watch.signal('SIGINT')
    const { code, stderr } = await watch.ended()
    const ended = '✗ The session has ended (grantRejected, the server said invalid_grant): run "acme login"'
    const lines = stderr.trimEnd().split('\n')
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([ended, ended])
    expect(lines.filter((line) => line.includes('signed in again'))).toHaveLength(1)
    expect(code).toBe(3)
  })

  it('prints one object a line with --json', async () => {
    await world.signIn('alice', { expiresIn: 0 })
    await using watch = world.start('watch', '--every', '0.05', '--json')
    await moreRequests(2)
    watch.signal('SIGINT')
    const { code, stdout, stderr } = await watch.ended()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string })
    expect(events.map(({ type }) => type).sort()).toEqual(['heartbeat', 'refreshed'])
  })

  it('leaves with 3 at once where the session ends with the first heartbeat, or has ended before', async () => {
    await world.signIn('alice', { expiresIn: 0 })
    world.server.revokeGrant('alice')
    for (let run = 0; run < 2; run += 1) {
      const { code, stderr } = await world.run('watch')
      expect({ code, lines: stderr.trimEnd().split('\n') }).toEqual({
        code: 3,
        lines: [expect.stringMatching(/^✗ The session has ended.*run "acme login"\.?$/)],
      })
    }
  })
})

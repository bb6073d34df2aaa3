import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { apiAnswers, tokenAnswers } from '../../authorization-server/index.ts'
import type { AcmeOutcome } from '../../support/acme.ts'
import { findInTexts } from '../../support/find-secrets.ts'
import { type AcmeWorld, startAcmeWorld } from './fixture.ts'

// Each test starts several processes, which take seconds where others want the processor too.
vi.setConfig({ testTimeout: 120_000 })

let world: AcmeWorld

beforeEach(async () => {
  world = await startAcmeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

describe('acme call', () => {
  it('prints what the API answers, in JSON if that is wanted', async () => {
    await world.signIn('alice')
    const { code, stdout, stderr } = await world.run('call', '/orders?page=2')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ method: 'GET', path: '/orders?page=2', subject: 'alice' })
    const inJson = await world.run('call', '/orders', '--json')
    expect(JSON.parse(inJson.stdout)).toMatchObject({ account: 'alice', status: 200, body: { path: '/orders' } })
    expect(inJson.stdout.trimEnd()).not.toContain('\n')
  })

  it('two processes that find the token expired cause one token request', async () => {
    await world.signIn('alice', { expiresIn: 0 })
    world.server.resetCounts()
    const gate = world.server.faults.hold({ times: 1 })
    const calls = [world.run('call', '/one'), world.run('call', '/two')]
    await gate.arrived()
    gate.release()
    const outcomes = await Promise.all(calls)
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0])
    expect(world.server.counts).toMatchObject({ total: 1, reuseDetected: 0 })
  })

  it('wants to know which account, where there are several', async () => {
    await Promise.all([world.signIn('alice'), world.signIn('bob')])
    const { code, stderr } = await world.run('call', '/orders')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^✗ There are several accounts: name one of (alice, bob|bob, alice) by --account\.\n$/)
    const { stdout } = await world.run('call', '/orders', '--account', 'bob')
    expect(JSON.parse(stdout)).toMatchObject({ subject: 'bob' })
  })

  it('never takes the token to another origin', async () => {
    await world.signIn('alice')
    const { code, stderr } = await world.run('call', `${world.api.otherOrigin}/orders`)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('is not a path at') })
    expect(world.api.requests).toEqual([])
  })

  it('says in a line what to do, and leaves with 4 where that is to try again later', async () => {
    await world.signIn('alice', { expiresIn: 0 })
    // Later than the call would wait for.
    world.server.faults.answerWith({ ...tokenAnswers.htmlForbidden, headers: { 'retry-after': '60' } })
    const blocked = await world.run('call', '/orders', '--json')
    expect(blocked.code).toBe(4)
    expect(JSON.parse(blocked.stdout)).toEqual({
      error: { code: 'blocked', message: expect.stringContaining('next try at'), retryAt: expect.any(Number) },
      exitCode: 4,
    })
    await world.run('logout')
    await world.signIn('alice')
    await world.api.goDown()
    const unreachable = await world.run('call', '/orders')
    expect(unreachable).toMatchObject({ code: 4, stdout: '' })
    expect(unreachable.stderr).toMatch(
      /^✗ The API at \S+ could not be reached \(ECONNREFUSED\): check the network, and try again later\.\n$/,
    )
    await world.api.comeBack()
    world.api.faults.answerWith({ ...apiAnswers.invalidToken, status: 404 })
    expect(await world.run('call', '/orders')).toMatchObject({ code: 1, stderr: '✗ The API answered 404.\n' })
  })

  it('ends as soon as it has its answer, though the session is left open', async () => {
    await world.signIn('alice')
    let answeredAt = 0
    world.api.onRequest((moment) => {
      if (moment !== 'arrived') answeredAt = performance.now()
    })
    let afterAnswer = Number.POSITIVE_INFINITY
    // Timers, watches and connections kept alive would hold it for 4 s at least, each time; a busy machine does once.
    for (let run = 0; run < 3 && afterAnswer >= 3_000; run += 1) {
      expect((await world.run('call', '/orders')).code).toBe(0)
      afterAnswer = performance.now() - answeredAt
    }
    const began = performance.now()
    expect((await world.run('status')).code).toBe(0)
    console.log(
      `acme call ends ${Math.round(afterAnswer)} ms after the answer; acme status takes ${Math.round(performance.now() - began)} ms in all`,
    )
    expect(afterAnswer).toBeLessThan(3_000)
  })
})

describe('acme explain', () => {
  it('says why the session has ended, however many calls have found that out since, until the next sign-in', async () => {
    await world.signIn('alice')
    world.server.revokeGrant('alice')
    // The second one asks no server: the first one's recording is the one that knows.
    for (let call = 0; call < 2; call += 1) expect((await world.run('call', '/orders')).code).toBe(3)
    const [{ code, stdout }, inJson] = await Promise.all([world.run('explain'), world.run('explain', '--json')])
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toEqual([
      'The session has ended: grantRejected.',
      expect.stringContaining(`${world.api.origin} rejected the access token (401).`),
      expect.stringContaining('It said `invalid_grant`.'),
      expect.stringContaining('One refresh was tried'),
      '  To do:    Only a new sign-in helps: run "acme login".',
      '  More:     https://authchart.github.io/authchart/reasons-and-codes#grantRejected',
    ])
    expect(JSON.parse(inJson.stdout)).toMatchObject({
      account: 'alice',
      explanation: { verdict: 'ended', reason: 'grantRejected' },
    })

    expect((await world.logIn()).code).toBe(0)
    expect((await world.run('explain')).stdout).toMatch(/^Nothing is recorded of alice yet/)
  })
})

it('P55 shows no secret anywhere, with --debug neither, nor in what is recorded', async () => {
  const outcomes: AcmeOutcome[] = []
  const secrets = new Set<string>()
  const run = async (...commandArguments: string[]) => {
    outcomes.push(await world.run(...commandArguments, '--debug'))
    const { tokenSet } = (await world.store.read('acme:alice'))?.secrets ?? {}
    for (const secret of [tokenSet?.accessToken, tokenSet?.refreshToken, tokenSet?.idToken]) {
      if (secret !== undefined) secrets.add(secret)
    }
  }
  outcomes.push(await world.logIn('--debug'))
  await run('call', '/orders')
  world.api.faults.revokePresentedToken()
  await run('call', '/orders', '--json')
  world.server.revokeGrant('alice')
  await run('call', '/orders')
  await run('explain', '--json')
  await run('logout')
  const folder = join(world.folder.path, 'state', 'recordings')
  const recordings = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  expect(secrets.size).toBeGreaterThanOrEqual(5)
  expect(outcomes.some(({ stderr }) => /^debug .*"type":"tokenRequest"/m.test(stderr))).toBe(true)
  const texts = outcomes.flatMap(({ stdout, stderr }) => [stdout, stderr])
  // Its own key is no business of anybody's either.
  expect(findInTexts([...texts, ...recordings], [...secrets, world.environment.ACME_STORE_KEY ?? ''])).toEqual([])
})

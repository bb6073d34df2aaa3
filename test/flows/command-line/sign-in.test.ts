import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withMembers } from '../../authorization-server/index.ts'
import { startAcme } from '../../support/acme.ts'
import { type AcmeWorld, startAcmeWorld } from './fixture.ts'

// Each test starts several processes, which take seconds where others want the processor too.
vi.setConfig({ testTimeout: 120_000 })

let world: AcmeWorld

beforeEach(async () => {
  world = await startAcmeWorld()
})
afterEach(() => world[Symbol.asyncDispose]())

describe('acme login', () => {
  // Elsewhere the opener shows the address in a real browser, whatever `BROWSER` says.
  it.runIf(process.platform === 'linux')('signs in by the browser, under the name that was given', async () => {
    const { code, stdout, stderr } = await world.run('login', '--account', 'bob')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^✓ Signed in as bob\.\n {2}Access token until .+ \((59|60) min\), then renewed on use\.\n$/)
    expect(stderr).toMatch(/^To sign in, go on in the browser/)
    expect(await world.store.list()).toMatchObject([{ key: 'acme:bob', identity: { subject: 'bob' } }])
  })

  it('signs in by another device, under the name that the id token gives', async () => {
    await using login = world.start('login', '--device', '--json')
    const [, uri, code = ''] = await login.says(/^Open (\S+) and type (\S+)\n/)
    expect(uri).toBe(`${world.server.issuer}/device`)
    await world.server.answerDevice(code, { approve: true })
    const outcome = await login.ended()
    expect(outcome.code).toBe(0)
    expect(JSON.parse(outcome.stdout)).toEqual({
      account: 'alice',
      issuer: world.server.issuer,
      expiresAt: expect.any(Number),
    })
    expect(await world.store.list()).toMatchObject([{ key: 'acme:alice', status: 'signedIn' }])
  })

  it('says until when the sign-in itself lives, where the server says so', async () => {
    world.server.faults.alterAnswer(withMembers({ refresh_expires_in: 30 * 24 * 60 * 60 }), { grantType: 'any' })
    const { stdout } = await world.logIn()
    expect(stdout.split('\n')).toEqual([
      '✓ Signed in as alice.',
      expect.stringMatching(/^ {2}Access token until .+, then renewed on use\.$/),
      expect.stringMatching(/^ {2}Sign-in until .+ \((29|30) days\)\.$/),
      '',
    ])
  })

  it.runIf(process.platform === 'linux')(
    'shows on a terminal that it waits, and takes that away in the end',
    async () => {
      await using login = startAcme(['login', '--device'], world.environment, { onTerminal: true })
      const [, code = ''] = await login.says(/type (\S+)\r?\n/)
      await login.says(/Waiting for you to sign in, ([2-9]|\d\d) s/)
      await world.server.answerDevice(code, { approve: true })
      const { stdout } = await login.ended()
      // The line is erased before the next one is written.
      expect(stdout).toMatch(/Waiting.*\r[^\r]*✓.* Signed in as alice\./)
    },
  )

  it('says who said no, and leaves with 1', async () => {
    world.server.denyNextConsent()
    const { code, stdout, stderr } = await world.logIn()
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/\n✗ .*access_denied.*\n$/)
  })

  it('leaves with 130 after Ctrl-C, and nothing is kept', async () => {
    await using login = world.start('login', '--device')
    await login.says(/type \S+\n/)
    login.signal('SIGINT')
    expect((await login.ended()).code).toBe(130)
    expect(await world.store.list()).toEqual([])
  })

  it('P46 refuses somebody else under the same account, and says what to do', async () => {
    await world.signIn('shared', { subject: 'bob' })
    const outcome = await world.logIn('--account', 'shared')
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('Sign in under another --account, or run "acme logout" for this one first.')
    expect(await world.store.list()).toMatchObject([{ identity: { subject: 'bob' } }])
  })

  it.runIf(process.platform === 'linux')(
    'P52 without a keyring fails before the browser opens, and names what can be used instead',
    async () => {
      const { ACME_STORE, ACME_STORE_KEY, ...environment } = world.environment
      const withoutBus = { ...environment, XDG_RUNTIME_DIR: world.folder.path }
      const { code, stdout, stderr } = await startAcme(['login', '--json'], withoutBus).ended()
      expect(code).toBe(1)
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'storeMissing' }, exitCode: 1 })
      expect(stderr).toContain('--store file, with a key in ACME_STORE_KEY')
      expect(stderr).not.toContain('/auth?')
    },
  )

  it('P52 says which setting is missing, or what is in the way, before anything is asked', async () => {
    const { ACME_STORE_KEY, ACME_CLIENT_ID, ...environment } = world.environment
    const [withoutKey, withoutClient, withoutFolder] = await Promise.all([
      startAcme(['login', '--device'], { ...environment, ACME_CLIENT_ID }).ended(),
      startAcme(['login', '--device'], { ...environment, ACME_STORE_KEY }).ended(),
      startAcme(['login', '--device'], { ...world.environment, ACME_STATE: process.execPath }).ended(),
    ])
    expect(withoutKey).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('openssl rand -base64 32'),
    })
    expect(withoutClient).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--client-id') })
    // P52: the folder cannot be made.
    expect(withoutFolder).toMatchObject({ stdout: '', stderr: expect.stringMatching(/^✗ .*sessions/) })
    expect(withoutFolder.stderr).not.toContain('type')
  })
})

describe('acme status', () => {
  it('shows each account, and says of an ended one why and what to do', async () => {
    await Promise.all([world.signIn('alice'), world.signIn('bob', { expiresIn: 0 })])
    world.server.revokeGrant('bob')
    const failed = await world.run('call', '/orders', '--account', 'bob')
    expect(failed).toMatchObject({ code: 3, stdout: '' })
    expect(failed.stderr).toMatch(/^✗ The session has ended: .*; run "acme login"\.\n$/)

    const { code, stdout } = await world.run('status')
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^ACCOUNT {2}STATE {6}ACCESS TOKEN {2,}ISSUER$/),
      expect.stringMatching(/^alice {4}signed in {2}expires in 59 min {2}http:/),
      expect.stringMatching(/^bob {6}ended {6}expired {2,}http:/),
      '',
      expect.stringMatching(
        /^bob: ended \d+ s ago, grantRejected \(the server said invalid_grant\)\. To do: run "acme login"$/,
      ),
      '',
    ])
    const one = await world.run('status', '--account', 'bob', '--json')
    expect(one.code).toBe(3)
    expect(JSON.parse(one.stdout)).toEqual({
      accounts: [
        {
          account: 'bob',
          state: 'ended',
          issuer: world.server.issuer,
          subject: 'bob',
          expiresAt: expect.any(Number),
          reason: 'grantRejected',
          endedAt: expect.any(Number),
          serverCode: 'invalid_grant',
          hint: 'run "acme login"',
        },
      ],
    })
  })
})

describe('acme logout', () => {
  it('forgets all accounts here, revokes their tokens, and says so', async () => {
    await Promise.all([world.signIn('alice'), world.signIn('bob')])
    const { code, stdout } = await world.run('logout', '--all')
    expect({ code, lines: stdout.trimEnd().split('\n').sort() }).toEqual({
      code: 0,
      lines: ['✓ Signed out alice.', '✓ Signed out bob.'],
    })
    expect(world.server.counts.revocationRequests).toBeGreaterThan(0)
    const [status, call] = await Promise.all([world.run('status'), world.run('call', '/orders')])
    expect(status).toMatchObject({ code: 3, stdout: expect.stringContaining('signed out') })
    expect(call).toEqual({ code: 3, stdout: '', stderr: '✗ Not signed in; run "acme login".\n' })
    // A name that is misspelt is not a success.
    expect(await world.run('logout', '--account', 'alcie')).toMatchObject({
      code: 0,
      stdout: 'alcie was not signed in.\n',
    })
  })

  it('P53 forgets the tokens though the server is down, and says that they were not revoked', async () => {
    await world.signIn('alice')
    await world.server.goDown()
    const { code, stdout, stderr } = await world.run('logout')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '✓ Signed out alice.\n' })
    expect(stderr).toBe('! The server could not be told to revoke the tokens of alice: they end by themselves.\n')
    expect(await world.store.read('acme:alice')).not.toHaveProperty('secrets')
    await world.server.comeBack()
  })
})

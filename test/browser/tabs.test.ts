import { expect, it } from 'vitest'
import { tokenAnswers, withRetryAfter } from '../authorization-server/index.ts'
import type { ChromiumTab } from './harness/chromium.ts'
import { describeInChromium } from './harness/with-chromium.ts'
import { readRecord } from './read-record.ts'
import { expectOneGeneration, expectOneRequestEach, expireTogether, rejectTogether, shareSession } from './six-tabs.ts'

describeInChromium('tabs that share a session', (stage) => {
  it('P17 B1 expire together, and make one token request', async () => {
    await expireTogether(await stage.openWindows(6), stage.world)
  })

  it('P17 B1 are all answered 401, and make one token request', async () => {
    await rejectTogether(await stage.openWindows(6), stage.world)
  })

  it('P17 B1 fall due together, and make one token request per generation', async () => {
    const { world } = stage
    const { server } = world
    const tabs = await stage.openWindows(6)
    server.lifetimes.accessToken = 3
    await shareSession(tabs, world)
    await server.until(({ refreshesIssued }) => refreshesIssued >= 3, { withinMilliseconds: 30_000 })
    server.lifetimes.accessToken = 3600
    const { refreshesIssued } = server.counts
    await server.until((counts) => counts.refreshesIssued > refreshesIssued, { withinMilliseconds: 30_000 })
    await expectOneGeneration(tabs)
    expectOneRequestEach(world, server.counts.refreshesIssued)
  })

  it('B2 hear of a sign-in, a refresh, a sign-out and an end at once', async () => {
    const { world } = stage
    const tabs = await stage.openWindows(2)
    const [one, other] = tabs as [ChromiumTab, ChromiumTab]
    await shareSession(tabs, world)
    await one.run(async () => void (await app.session.refresh()))
    await expectOneGeneration(tabs)
    await one.run(() => app.session.signOut())
    await other.run(() => app.until(({ status }) => status === 'signedOut'))
    await world.signIn(one)
    await other.run(() => app.until(({ status }) => status === 'fresh'))
    world.server.revokeGrant()
    await one.run(async () => void (await app.session.refresh().catch(() => {})))
    const ended = await other.run(() => app.until(({ status }) => status === 'invalidated'))
    expect(ended).toMatchObject({ reason: 'grantRejected' })
    const said = await other.run(() => app.notices.map(({ type }) => type))
    expect(said).toEqual(['signedIn', 'adopted', 'signedOut', 'signedIn', 'ended'])
  })

  it('P43 B2 sign-out in one while another refreshes: signed out everywhere, no secret stored, the late token revoked', async () => {
    const { world } = stage
    const { server } = world
    const tabs = await stage.openWindows(2)
    const [one, other] = tabs as [ChromiumTab, ChromiumTab]
    await shareSession(tabs, world)
    const gate = server.faults.hold({ times: 1, afterCommit: true })
    await one.run(() => void app.session.refresh().catch(() => {}))
    await gate.arrived()
    await other.run(() => app.session.signOut())
    await one.run(() => app.until(({ status }) => status === 'signedOut'))
    const { revocationRequests } = server.counts
    gate.release()
    await server.until((counts) => counts.revocationRequests > revocationRequests)
    expect(await one.run(() => app.token())).toMatchObject({ error: 'NotSignedInError' })
    expect(await readRecord(one)).toMatchObject({ status: 'signedOut', sealed: false })
  })

  it('P38 `Retry-After: 600` binds four tabs and their reloads: one token request', async () => {
    const { world } = stage
    const { server } = world
    const tabs = await stage.openWindows(4)
    server.lifetimes.accessToken = 2
    const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' }
    const { headers, ...throttled } = withRetryAfter(tokenAnswers.throttled, 600)
    server.faults.answerWith({ ...throttled, headers: { ...headers, ...cors } }, { times: Number.POSITIVE_INFINITY })
    await shareSession(tabs, world)
    await Promise.all(tabs.map((tab) => tab.run(() => app.until(({ status }) => status === 'transientFailure'))))
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all(
        tabs.map((tab) => tab.run(() => app.session.refresh().catch(({ code }) => code))),
      )
      expect(answers).toEqual(tabs.map(() => 'throttled'))
      await Promise.all(tabs.map((tab) => tab.reload()))
      const snapshots = await Promise.all(
        tabs.map((tab) => tab.run(() => app.until(({ status }) => status === 'transientFailure'))),
      )
      for (const { retryAt = 0 } of snapshots) expect(retryAt - Date.now()).toBeGreaterThan(10_000)
    }
    expect(server.counts.refreshes).toBe(1)
  })

  it('P20 B9 one holds the lock for ever: valid tokens are served, a refresh gives `leaseTimeout`, and no caller waits for ever', async () => {
    const { world } = stage
    const tabs = await stage.openWindows(2)
    const [one, other] = tabs as [ChromiumTab, ChromiumTab]
    const patient = (maximumWaitMilliseconds: number) => ({
      speed: 25,
      options: { refreshTiming: 'onUse', maximumWaitMilliseconds } as const,
    })
    await shareSession(tabs, world, patient(10_000_000))
    await other.run(
      () =>
        new Promise<void>((resolve) => {
          void navigator.locks.request('authchart:authchart:acme:alice', () => {
            resolve()
            return new Promise(() => {})
          })
        }),
    )
    const { generation } = await one.run(() => app.session.getSnapshot())
    expect(await one.run(() => app.token())).toEqual({ generation })
    expect(await one.run(() => app.session.refresh().catch(({ code }) => code))).toBe('leaseTimeout')
    expect(await one.run(() => app.token())).toEqual({ generation })
    // Two hours later, a caller waits for the next try as well, until its patience is over in the middle of that.
    await world.openApp(one, { ...patient(113_000), offsetMilliseconds: 7_200_000 })
    expect(await one.run(() => app.token())).toMatchObject({ error: 'RefreshUnavailableError', code: 'timeout' })
    expect(world.server.counts.refreshes).toBe(0)
    expect(await other.run(async () => (await navigator.locks.query()).held?.length)).toBe(1)
  })

  it('let any listener ask for a token', async () => {
    const { world } = stage
    const [tab] = (await stage.openWindows(1)) as [ChromiumTab]
    await world.openApp(tab)
    await tab.run(() => {
      const asked: Promise<unknown>[] = []
      Object.assign(globalThis, { asked })
      app.session.on('*', () => asked.push(app.token()))
      app.session.subscribe(() => asked.push(app.token()))
    })
    await world.signIn(tab)
    await tab.run(async () => void (await app.session.refresh()))
    await tab.run(() => app.session.signOut())
    const answers = await tab.run(() => Promise.all((globalThis as unknown as { asked: Promise<unknown>[] }).asked))
    expect(answers.length).toBeGreaterThan(5)
    expect(world.server.counts.refreshes).toBe(1)
  })

  it('B2 hold several sessions of the same key in one page, as a component that is mounted twice does', async () => {
    const { world } = stage
    const [tab] = (await stage.openWindows(1)) as [ChromiumTab]
    await world.openApp(tab)
    await world.signIn(tab)
    const generations = await tab.run(async () => {
      const sessions = [app.session, app.openAnother(), app.openAnother()]
      await Promise.all(sessions.map(({ ready }) => ready))
      const tokens = await Promise.all(sessions.map((session) => session.refresh()))
      await sessions[1]?.[Symbol.asyncDispose]()
      tokens.push((await sessions[2]?.refresh()) as (typeof tokens)[0])
      await app.until(({ generation }) => generation === tokens[3]?.generation)
      return tokens.map(({ generation }) => generation)
    })
    expect(new Set(generations.slice(0, 3)).size).toBe(1)
    expectOneRequestEach(world, 2)
  })
})

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTokenEndpoint } from '@authchart/core/testing'
import { expect, it } from 'vitest'
import { answerIssuer } from '../recipes/playwright.ts'
import { describeRedirect, openPage, outcomesOf, signInByRedirect } from './harness/redirect-world.ts'

describeRedirect('a browser whose requests to the issuer a test answers', (stage) => {
  it('K2 signs in without a server, refreshes, and meets what the test arms', async () => {
    const endpoint = createTokenEndpoint({ issuer: 'https://login.acme.example', claims: { sub: 'bob' } })
    await answerIssuer(stage.chromium.context, endpoint)
    stage.world.configuration.issuer = endpoint.issuer
    const tab = await openPage(stage, '/orders')
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/orders', status: 'fresh' }])
    expect(await tab.run(() => site.session.claims?.sub)).toBe('bob')
    endpoint.failNext({ kind: 'answer', status: 429 })
    expect(await tab.run(() => site.session.refresh().catch(({ code }) => code))).toBe('throttled')
    endpoint.failNext({ kind: 'cut' })
    await tab.run(async () => void (await site.session.refresh()))
    endpoint.revoke()
    const ended = await tab.run(async () => {
      await site.session.refresh().catch(() => {})
      return site.session.getSnapshot().reason
    })
    expect(ended).toBe('grantRejected')
    expect(stage.world.server.counts.total).toBe(0)
  })

  it('K2 begins each test of its own runner signed in, by the fixture of the guide', { timeout: 180_000 }, async () => {
    stage.world.configuration.issuer = 'https://login.acme.example'
    const output = await mkdtemp(join(tmpdir(), 'authchart-playwright-'))
    const environment = {
      ...process.env,
      NODE_OPTIONS: '--conditions=@authchart/source',
      AUTHCHART_APP: stage.world.origin,
      AUTHCHART_OUTPUT: output,
    }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        createRequire(import.meta.url).resolve('@playwright/test/cli'),
        'test',
        '--config',
        join(import.meta.dirname, 'playwright'),
      ],
      { env: environment },
    ).catch((error: { stdout: string }) => error)
    await rm(output, { recursive: true, force: true })
    expect(stdout).toMatch(/1 passed/)
  })
})

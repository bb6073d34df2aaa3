import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Request } from 'playwright-core'
import { expect, it } from 'vitest'
import { tokenAnswers } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { findInTexts, findSecrets } from '../support/find-secrets.ts'
import { collectTokens } from './collect-tokens.ts'
import type { ChromiumTab } from './harness/chromium.ts'
import { describeInChromium } from './harness/with-chromium.ts'
import { readEntries } from './read-record.ts'

describeInChromium('secrets of a page', (stage) => {
  it('P55 are found in no console, storage, message, error, notice or snapshot', async () => {
    const { world, chromium } = stage
    const { server } = world
    const [tab, other] = (await stage.openWindows(2)) as [ChromiumTab, ChromiumTab]
    const secrets = collectTokens(tab.page, world.server)
    await world.openApp(tab)
    await world.openApp(other, { listens: true })
    await world.signIn(tab)
    secrets.push(await currentToken(tab))
    // The developer tools may be late with the body of an answer, or have it no more.
    const seesTokens = async () => {
      await tab.run(async () => void (await app.session.refresh()))
      return secrets.length >= 4
    }
    await eventually(seesTokens, { description: 'the tokens of a refresh' })
    await tab.run(() => app.call('/orders'))
    server.faults.cutConnectionBeforeCommit({ times: 2 })
    await tab.run(async () => void (await app.session.refresh().catch(() => app.token())))
    const held = await readEntries(tab)
    server.faults.answerWith(tokenAnswers.brokenJson, { times: 2 })
    await tab.run(async () => void (await app.session.refresh().catch(() => app.token())))
    await tab.run(() => app.session.signOut())
    await tab.run(() => app.token())
    await tab.run(() => app.call('/orders'))
    await other.run(() => app.until(({ status }) => status === 'signedOut'))

    expect(secrets.length).toBeGreaterThanOrEqual(4)
    const shown = await tab.run(() =>
      JSON.stringify([app.notices, app.snapshots, app.errors, app.session.getSnapshot()]),
    )
    const heard = await other.run(() => app.heard)
    expect(heard.length).toBeGreaterThan(3)
    for (const message of heard) expect(Object.keys(message as object).sort()).toEqual(['generation', 'key', 'status'])
    expect(tab.console.length).toBeGreaterThan(0)
    const texts = { held, shown, console: tab.console.join('\n'), heard: JSON.stringify(heard) }
    for (const [place, text] of Object.entries(texts)) expect(findInTexts([text], secrets), place).toEqual([])
    expect(findSecrets(heard, secrets)).toEqual([])
    const files = await readProfile(join(chromium.profile, 'Default', 'IndexedDB'))
    expect(files.join('').includes('acme:alice') || files.join('').includes([...'acme:alice'].join('\0'))).toBe(true)
    expect(findInTexts(files, secrets), 'the profile on disk').toEqual([])
  })

  it('P11 go to no other origin: not by its address, by `//host`, or by a redirect', async () => {
    const { world } = stage
    const { api } = world
    const [tab] = (await stage.openWindows(1)) as [ChromiumTab]
    await world.openApp(tab)
    await world.signIn(tab)
    const requests: Request[] = []
    tab.page.on('request', (request) => {
      if (new URL(request.url()).origin === api.otherOrigin) requests.push(request)
    })
    const host = new URL(api.otherOrigin).host
    api.faults.redirectToOtherOrigin({ path: '/redirected' })
    const statuses: unknown[] = []
    for (const url of [`${api.otherOrigin}/direct`, `//${host}/without-a-scheme`, `${api.origin}/redirected`]) {
      statuses.push(await tab.run((target) => app.call(target), url))
    }
    // The other origin asks for a token, and nobody refreshes for it.
    expect(statuses).toEqual([401, 401, 401])
    expect(api.counts.atOtherOrigin).toBe(3)
    expect(api.counts.tokensAtOtherOrigin).toBe(0)
    const sent = await Promise.all(requests.map((request) => request.allHeaders()))
    const names = sent.flatMap((headers) => Object.keys(headers))
    expect(names).toContain('origin')
    expect(names.filter((name) => ['authorization', 'dpop'].includes(name))).toEqual([])
    expect(sent.length).toBeGreaterThanOrEqual(3)
    expect(await tab.run(() => app.call('/orders'))).toBe(200)
    expect(world.server.counts.refreshes).toBe(0)
  })
})

function currentToken(tab: ChromiumTab): Promise<string> {
  return tab.run(() => app.session.getAccessToken().then(({ value }) => value))
}

/** Everything below a folder, byte for byte: read anew where the browser takes a file away meanwhile. */
async function readProfile(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  try {
    return await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return readProfile(folder)
    throw error
  }
}

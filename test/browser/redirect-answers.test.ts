import { expect, it } from 'vitest'
import { tokenAnswers } from '../authorization-server/index.ts'
import { findInTexts } from '../support/find-secrets.ts'
import fc from '../support/properties.ts'
import type { ChromiumTab } from './harness/chromium.ts'
import { describeRedirect, openPage, outcomesOf, signInByRedirect, statusOf } from './harness/redirect-world.ts'
import { readEntries } from './read-record.ts'

describeRedirect('what comes back to a page that was left', (stage) => {
  it('R4 lets nobody be sent elsewhere afterwards', async () => {
    const { world } = stage
    const host = new URL(world.api.otherOrigin).host
    const tab = await openPage(stage, '/orders')
    for (const returnTo of [world.api.otherOrigin, `//${host}/`, `/\\${host}`, 'javascript:alert(1)', '']) {
      const outcome = await tab.run((given) => site.begin({ returnTo: given }), returnTo)
      expect(outcome).toMatchObject({ error: 'ConfigurationError' })
    }
    expect(await tab.run((given) => site.begin({ redirectUri: given }), world.api.otherOrigin)).toMatchObject({
      error: 'ConfigurationError',
    })
    await tab.open(`${world.origin}//${host}/orders`)
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/', status: 'fresh' }])
    expect(tab.page.url()).toBe(`${world.origin}/`)
  })

  it('R4 trusts nothing that lies in sessionStorage', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders')
    world.configuration.completions = 0
    await signInByRedirect(tab)
    await tab.run((origin) => {
      for (const name of Object.keys(sessionStorage)) {
        const kept = JSON.parse(sessionStorage.getItem(name) ?? '') as object
        sessionStorage.setItem(name, JSON.stringify({ ...kept, returnTo: origin }))
      }
    }, world.api.otherOrigin)
    expect(await tab.run(() => site.complete())).toEqual({ returnTo: '/', status: 'fresh' })
  })

  it('R5 says that the user refused; what is begun from there leads back to where that one would have', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders?open=5')
    world.server.denyNextConsent()
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toEqual([{ error: 'SignInError', code: 'refused', serverCode: 'access_denied' }])
    expect(tab.page.url()).toBe(`${world.origin}/callback`)
    expect(await statusOf(tab)).toBe('signedOut')
    await tab.reload()
    expect(await outcomesOf(tab)).toEqual(['nothing'])
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/orders?open=5', status: 'fresh' }])
    expect(await tab.run(() => history.state)).toBeNull()
  })

  it('R5 refuses an answer to what was begun elsewhere, and keeps what was begun here', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders')
    world.configuration.completions = 0
    await signInByRedirect(tab)
    const own = tab.page.url()
    const other = await stage.chromium.openTab()
    world.configuration.completions = 1
    await other.open(own)
    expect(await other.run(() => site.outcomes)).toMatchObject([{ code: 'callbackRejected' }])
    await tab.open(`${world.origin}/callback?error=access_denied&state=forged&page=2`)
    expect(await outcomesOf(tab)).toEqual([{ error: 'SignInError', code: 'callbackRejected', serverCode: undefined }])
    expect(tab.page.url()).toBe(`${world.origin}/callback?page=2`)
    await tab.open(own.replace(/iss=[^&]*/, 'iss=https%3A%2F%2Fevil.example'))
    expect(await outcomesOf(tab)).toMatchObject([{ code: 'callbackRejected' }])
    expect(world.server.counts.total).toBe(0)
    expect(await statusOf(tab)).toBe('signedOut')
  })

  it('R5 leaves an answer to another session’s sign-in to that session', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders')
    world.configuration.keys = ['other', 'acme', 'third']
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toEqual(['nothing', { returnTo: '/orders', status: 'fresh' }, 'nothing'])
    expect(await statusOf(tab)).toBe('signedOut')
  })

  it('R5 P55 takes no address for an answer that is none, whatever is in it', async () => {
    const { world } = stage
    world.configuration.completions = 0
    const tab = await openPage(stage, '/orders')
    await signInByRedirect(tab)
    const own = new URL(tab.page.url()).searchParams
    const secrets = ['code', 'state'].map((each) => `${own.get(each)}`)
    const kept = await tab.run(() => JSON.stringify(sessionStorage))
    const value = fc.oneof(fc.string(), fc.constantFrom(...own.values(), '', '%00', 'access_denied'))
    const name = fc.constantFrom('code', 'state', 'error', 'iss', 'error_description', 'State', 'page', '__proto__')
    const pairs = fc.array(fc.tuple(name, value), { maxLength: 8 })
    const searches = fc
      .sample(pairs, { numRuns: 80, seed: 7 })
      // An answer with the right `state`, and it alone, is one.
      .filter(
        (each) =>
          each
            .filter(([key]) => key === 'state')
            .map(([, text]) => text)
            .join() !== own.get('state'),
      )
      .map((each) => `?${new URLSearchParams(each)}`)
    const found = await tab.run(async (addresses) => {
      const outcomes = []
      for (const address of addresses) {
        history.replaceState(null, '', `/callback${address}`)
        outcomes.push(JSON.stringify([await site.complete({ redirectUri: undefined }), location.pathname]))
      }
      return [...new Set(outcomes)]
    }, searches)
    expect(found.toSorted()).toEqual([
      JSON.stringify(['nothing', '/callback']),
      JSON.stringify([{ error: 'SignInError', code: 'callbackRejected' }, '/callback']),
    ])
    expect(findInTexts([tab.console.join('\n'), await tab.run(() => site.errors.join())], secrets)).toEqual([])
    expect(await tab.run(() => JSON.stringify(sessionStorage))).toBe(kept)
    expect(world.server.counts.total).toBe(0)
    expect(await statusOf(tab)).toBe('signedOut')
  })

  it('P55 leaves no code, state, nonce or verifier anywhere, however it comes out', async () => {
    const { world } = stage
    const { server } = world
    const tab = await openPage(stage, '/orders')
    const secrets = collectSecrets(tab)
    server.faults.answerWith(tokenAnswers.brokenJson, { grantType: 'authorization_code' })
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toMatchObject([{ error: 'SignInError' }])
    const texts = [await readPage(tab)]
    server.denyNextConsent()
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toMatchObject([{ code: 'refused' }])
    texts.push(await readPage(tab))
    await signInByRedirect(tab)
    expect(await tab.run(() => site.addressAtOnce)).toBe(`${world.origin}/callback`)
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/orders', status: 'fresh' }])
    expect(await tab.run(() => sessionStorage.length)).toBe(0)
    texts.push(await readPage(tab), tab.console.join('\n'))
    expect(world.referrers.get('/after-the-answer')).toBe(`${world.origin}/callback`)
    expect(secrets.names()).toEqual(['code', 'code_verifier', 'nonce', 'state'])
    expect(findInTexts(texts, secrets.values())).toEqual([])
  })
})

/** What the sign-ins of a tab carry from now on that nobody else may learn. */
function collectSecrets(tab: ChromiumTab) {
  const found = new Map<string, Set<string>>()
  tab.page.on('request', (request) => {
    const { searchParams } = new URL(request.url())
    for (const [name, value] of [...searchParams, ...new URLSearchParams(request.postData() ?? '')]) {
      if (!['code', 'state', 'nonce', 'code_verifier'].includes(name)) continue
      found.set(name, (found.get(name) ?? new Set()).add(value))
    }
  })
  return {
    names: () => [...found.keys()].toSorted(),
    values: () => [...found.values()].flatMap((values) => [...values]),
  }
}

/** All that a page shows and keeps after a sign-in, and what its history holds. */
async function readPage(tab: ChromiumTab): Promise<string> {
  const shown = await tab.run(() =>
    JSON.stringify([
      location.href,
      history.state,
      { ...sessionStorage },
      { ...localStorage },
      document.cookie,
      site.errors,
      site.notices,
      site.session.getSnapshot(),
      site.sessions.map(({ claims }) => claims?.sub),
    ]),
  )
  const { entries } = await tab.devTools.send('Page.getNavigationHistory')
  // `userTypedURL` is where the chain of redirects began, at the server: it has the `state`, which is spent.
  const addresses = entries.map(({ url }) => url)
  return [shown, ...addresses, await readEntries(tab)].join('\n')
}

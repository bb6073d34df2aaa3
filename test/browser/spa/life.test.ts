import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { findInTexts } from '../../support/find-secrets.ts'
import { collectTokens } from '../collect-tokens.ts'
import { capture, show } from './show.ts'
import { describeSpa, signIn } from './stage.ts'

describeSpa('the single-page app, as it is published', { built: true }, (stage) => {
  it('A1 goes from sign-in to sign-out, through refresh, outage, offline and revocation', {
    timeout: 120_000,
  }, async () => {
    const { spa } = stage
    const { server } = spa
    server.lifetimes.accessToken = 30
    const tab = await stage.openApp()
    const { page } = tab
    const secrets = collectTokens(page, server)
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    const fact = (term: string) =>
      page
        .getByRole('definition')
        .filter({ visible: true })
        .and(page.locator(`dt:text-is("${term}") + dd`))

    await page.getByText('You are signed out').waitFor()
    await show(page, 'signed-out')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Sign in')
    expect(await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)).toBe('solid')
    await page.keyboard.press('Enter')
    await button('Sign out').waitFor()
    expect(page.url()).toBe(spa.url)
    expect(await fact('Subject').textContent()).toBe('alice')
    await button('Call the API').click()
    await page.getByRole('listitem').filter({ hasText: '200, as alice, with access token no. 1' }).waitFor()
    await show(page, 'signed-in')

    // Refreshes, as many as there are, are nobody's news.
    const heard = await listen(page)
    server.lifetimes.accessToken = 2
    await button('Refresh now').click()
    await server.until(({ refreshesIssued }) => refreshesIssued >= 3, { description: 'two refreshes by themselves' })
    await page.getByRole('listitem').filter({ hasText: 'refreshed' }).nth(2).waitFor()
    expect(await heard()).toEqual([])

    await button('Outage').click()
    await page.getByRole('status').filter({ hasText: 'The authorization server gave no answer.' }).waitFor()
    await page.getByText('Calls are refused until that is over.').first().waitFor()
    await button('Call the API').click()
    await page.getByRole('listitem').filter({ hasText: 'not sent: no token just now (unknownOutcome)' }).waitFor()
    expect(await page.getByRole('button', { name: 'Outage', pressed: true }).count()).toBe(1)
    await capture(page, 'failing')
    await button('Outage').click()
    // Before the backoff is over.
    await button('Refresh now').click()
    await page.getByRole('listitem').filter({ hasText: 'recovered' }).waitFor()
    await page.getByRole('status').filter({ hasText: 'Signed in as alice.' }).waitFor()

    await button('Offline').click()
    await page.getByText('This page has no network. Calls are refused until that is over.').first().waitFor()
    expect(await fact('Network').textContent()).toBe('offline')
    await button('Call the API').click()
    await page.getByRole('listitem').filter({ hasText: 'not sent: no token just now (offline)' }).waitFor()
    server.lifetimes.accessToken = 30
    await button('Offline').click()
    await page.getByText('The access token is fresh.').waitFor()

    await button('Revoke the grant').click()
    await button('Call the API').click()
    await page.getByRole('alert').or(page.getByRole('status')).filter({ hasText: 'Session ended.' }).waitFor()
    expect(await fact('Reason').textContent()).toBe('grantRejected')
    await page.getByRole('listitem').filter({ hasText: 'Only a new sign-in helps' }).waitFor()
    await page.getByText('Last outcome that the chart was told').filter({ hasText: '401' }).waitFor()
    await show(page, 'ended')

    await button('Sign in again').click()
    await button('Sign out').waitFor()
    await button('Sign out').click()
    await page.getByText('You are signed out').waitFor()
    expect(server.counts).toMatchObject({ reuseDetected: 0, byGrantType: { authorization_code: 2 } })
    expect(server.counts.revocationRequests).toBeGreaterThan(0)

    expect(secrets.length).toBeGreaterThan(6)
    const storage = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]),
    )
    expect(findInTexts([await page.content(), page.url(), storage, ...tab.console], secrets)).toEqual([])
  })

  it('A2 has one session in all tabs: signed in, refreshed and signed out together', async () => {
    const { server } = stage.spa
    server.lifetimes.accessToken = 30
    server.resetCounts()
    const here = await stage.openApp()
    const there = await stage.openApp({ keepsSession: true })
    await there.page.getByText('You are signed out').waitFor()
    await signIn(here)
    await there.page.getByRole('button', { name: 'Sign out' }).waitFor()
    await there.page.getByRole('button', { name: 'Refresh now' }).click()
    await here.page.getByRole('listitem').filter({ hasText: 'adopted' }).waitFor()
    expect(server.counts.byGrantType).toEqual({ authorization_code: 1, refresh_token: 1 })
    await there.page.getByRole('button', { name: 'Sign out' }).click()
    await here.page.getByText('You are signed out').waitFor()
    await here.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  })

  it('A1 says why a sign-in failed, and begins another', async () => {
    const { server } = stage.spa
    server.denyNextConsent()
    const { page } = await stage.openApp()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: /\w/ }).waitFor()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    expect(page.url()).toBe(stage.spa.url)
    await page.getByRole('button', { name: 'Sign out' }).click()
  })
})

/** What a screen reader is told of from now on. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  const regions = await page.evaluateHandle(() => {
    const heard: string[] = []
    const observer = new MutationObserver((changes) =>
      heard.push(...changes.map(({ target }) => target.textContent ?? '')),
    )
    for (const region of document.querySelectorAll('[role=status], [role=alert]')) {
      observer.observe(region, { childList: true, characterData: true, subtree: true })
    }
    return { heard }
  })
  return () => regions.evaluate(({ heard }) => heard)
}

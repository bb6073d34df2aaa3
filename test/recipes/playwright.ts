import { createTokenEndpoint, type TokenEndpointAnswers } from '@authchart/core/testing'
import { type BrowserContext, test as base } from '@playwright/test'

/** Answers what the browser asks of the issuer. A sign-in by redirect then comes back at once, without a server. */
export async function answerIssuer(context: BrowserContext, endpoint: TokenEndpointAnswers): Promise<void> {
  await context.route(`${endpoint.issuer}/**`, async (route) => {
    const request = route.request()
    const init = { method: request.method(), headers: await request.allHeaders(), body: request.postData() }
    const answer = await endpoint.answer(new Request(request.url(), init))
    if (answer.type === 'error') return route.abort()
    const headers = Object.fromEntries(answer.headers)
    await route.fulfill({ status: answer.status, headers, body: await answer.text() })
  })
}

/** Tests whose `page` is signed in, by the app's own button. With `endpoint`, a test makes trouble. */
export const test = base.extend<{ endpoint: TokenEndpointAnswers }>({
  async endpoint({ context }, use) {
    const endpoint = createTokenEndpoint({ issuer: 'https://login.acme.example', claims: { sub: 'alice' } })
    await answerIssuer(context, endpoint)
    await use(endpoint)
  },
  async page({ page, endpoint }, use) {
    await page.goto('/')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL((url) => !`${url}`.startsWith(endpoint.issuer))
    await use(page)
  },
})

import type { Page } from 'playwright-core'
import type { AuthorizationServer } from '../authorization-server/index.ts'

/** Every token that the server gives to the page from now on. */
export function collectTokens(page: Page, { tokenEndpoint }: Pick<AuthorizationServer, 'tokenEndpoint'>): string[] {
  const secrets: string[] = []
  page.on('response', async (response) => {
    if (response.url() !== tokenEndpoint || response.request().method() !== 'POST') return
    const members = (await response.json().catch(() => ({}))) as Record<string, unknown>
    for (const name of ['access_token', 'refresh_token', 'id_token']) {
      if (typeof members[name] === 'string') secrets.push(members[name])
    }
  })
  return secrets
}

import { expect, it } from 'vitest'
import { adviseOnRefreshToken } from './sign-in-tokens.ts'

const asked = { clientId: 'app', scope: 'openid', prompt: undefined }

function adviseFor(issuer: string, changes: Partial<typeof asked> = {}): string {
  return adviseOnRefreshToken({
    ...asked,
    ...changes,
    metadata: { issuer, token_endpoint: 'https://elsewhere.example/' },
  })
}

it.each([
  ['https://accounts.google.com', 'access_type'],
  ['https://www.dropbox.com', 'token_access_type'],
  ['https://x.com', '`offline.access`'],
  ['https://api.twitter.com', '`offline.access`'],
  ['https://login.microsoftonline.com/common/v2.0', '`offline_access`'],
  ['https://login.microsoftonline.com/{tenantid}/v2.0', '`offline_access`'],
  ['https://notgoogle.com', '`offline_access`'],
])('goes by the issuer: %s wants %s', (issuer, word) => {
  expect(adviseFor(issuer)).toContain(word)
})

it('names `prompt: "consent"` where `offline_access` was asked for and dropped', () => {
  const issuer = 'https://login.example'
  expect(adviseFor(issuer, { scope: 'openid offline_access' })).toMatch(/^Sign in with `prompt: "consent"`/)
})

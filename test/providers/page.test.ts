import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeProviders } from './describe-providers.ts'
import { providers } from './providers.ts'

test('docs/providers.md says what the presets and the corpus say; else run `pnpm write:providers`', () => {
  const page = readFileSync(new URL('../../docs/providers.md', import.meta.url), 'utf8')
  expect(page).toBe(describeProviders(providers))
})

/** Writes docs/providers.md anew: `pnpm write:providers`. */
import { writeFileSync } from 'node:fs'
import { describeProviders } from './describe-providers.ts'
import { providers } from './providers.ts'

writeFileSync(new URL('../../docs/providers.md', import.meta.url), describeProviders(providers))

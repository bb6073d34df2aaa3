/**
 * Records the refreshes that "How it works" shows: `pnpm record:refreshes`, after a change to the chart.
 */
import { writeFileSync } from 'node:fs'
import { recordRefreshes } from './record-refreshes.ts'

const file = new URL('../.vitepress/theme/recordings.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(await recordRefreshes(), null, 2)}\n`)

/** Ten minutes of 8 processes that share one credential, beside 8 with the SDK's own provider: `pnpm mcp:soak`. */
import { readOptions } from '../../../scripts/read-options.ts'
import { describeFigures, runSoak } from './run-soak.ts'

const usage = `Usage: pnpm mcp:soak [--minutes 10] [--processes 8] [--token-seconds 30]

Runs processes that share one credential beside as many with the SDK's own
provider, kills some, and says what was lost.`

const values = readOptions(usage, {
  minutes: { type: 'string', default: '10' },
  processes: { type: 'string', default: '8' },
  'token-seconds': { type: 'string', default: '30' },
})
const figures = await runSoak({
  milliseconds: Number(values.minutes) * 60_000,
  processes: Number(values.processes),
  accessTokenSeconds: Number(values['token-seconds']),
  pauseMilliseconds: 500,
  kills: 16,
  onProgress: ({ authchart, sdk }) => console.log('so far:', JSON.stringify({ authchart, sdk })),
})
console.log(describeFigures(figures))
process.exitCode = figures.authchart.failures + figures.authchart.signOuts === 0 ? 0 : 1

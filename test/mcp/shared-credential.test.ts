import { expect, it } from 'vitest'
import { describeFigures, runSoak } from '../../examples/mcp-client/soak/run-soak.ts'

it('M8 eight processes that share one credential, some killed, lose no call; with the SDK’s own provider they lose the sign-in', {
  timeout: 120_000,
}, async () => {
  const figures = await runSoak({
    processes: 8,
    accessTokenSeconds: 2,
    pauseMilliseconds: 100,
    milliseconds: 8_000,
    kills: 3,
  })
  console.log(describeFigures(figures))
  const { authchart, sdk } = figures
  expect(authchart).toMatchObject({ failures: 0, reuse: 0, signOuts: 0, kills: 3 })
  expect(authchart.calls).toBeGreaterThan(50)
  expect(authchart.tokenRequests).toBeGreaterThan(3)
  // Were it not so, the row above would show nothing.
  expect(sdk.reuse).toBeGreaterThan(0)
  expect(sdk.signOuts).toBeGreaterThan(0)
})

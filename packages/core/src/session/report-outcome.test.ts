import { expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import type { RequestOutcome } from '../token/request-outcome.ts'
import { createOutcomeReporter } from './report-outcome.ts'
import type { SessionEvent } from './session-events.ts'
import { resolveOptions } from './session-options.ts'
import { createSessionParts } from './session-parts.ts'

const api = 'https://api.example'
const files = 'https://files.example'

function start() {
  const events: SessionEvent[] = []
  const options = resolveOptions({
    key: 'k',
    store: memoryStore(),
    grant: async () => ({ accessToken: 'a' }),
    clock: createSimulatedClock({ now: 1000 }),
  })
  const reporter = createOutcomeReporter(createSessionParts(options, (event) => events.push(event)))
  const report = (outcome: RequestOutcome['outcome'], origin = api, generation = 5) =>
    reporter.report({ outcome, origin, generation, status: 401 })
  return { events, reporter, report }
}

it('tells the chart of a rejection with its time', () => {
  const { events, report } = start()
  report('rejected')
  expect(events).toEqual([{ type: 'token.rejected', now: 1000, generation: 5, origin: api, status: 401 }])
})

it.each(['accepted', 'stepUpRequired', 'networkFailed'] as const)('tells the chart of %s', (outcome) => {
  const { events, reporter } = start()
  reporter.report({ outcome, origin: api, generation: 5 })
  expect(events).toEqual([{ type: `request.${outcome}`, generation: 5, origin: api }])
})

it('P2 tells once that an origin refuses a token right after its refresh, and of no rejection of it after that', () => {
  const { events, reporter, report } = start()
  report('rejectedAfterRefresh')
  for (let request = 0; request < 100; request += 1) {
    report('rejectedAfterRefresh')
    report('rejected')
  }
  expect(events.map(({ type }) => type)).toEqual(['request.rejectedAfterRefresh'])
  expect(reporter.isRefusedAfterRefresh(api, 5)).toBe(true)
})

it('P2 lets other origins, and the next token, be rejected', () => {
  const { events, reporter, report } = start()
  report('rejectedAfterRefresh')
  report('rejected', files)
  report('rejected', api, 6)
  expect(events.map(({ type }) => type)).toEqual(['request.rejectedAfterRefresh', 'token.rejected', 'token.rejected'])
  expect(reporter.isRefusedAfterRefresh(files, 5)).toBe(false)
  expect(reporter.isRefusedAfterRefresh(api, 6)).toBe(false)
})

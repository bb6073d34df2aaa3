import { expect, test } from 'vitest'
import { missingKeyringTools } from '../support/secret-service-tools.ts'
import { scenarios } from './scenarios/index.ts'

// Nothing is timed here: what a run of the tests could say about speed, it would say about the machine.
const isPossible = (name: string) => name !== 'startUp' || missingKeyringTools === undefined

test.each(Object.keys(scenarios).filter(isPossible))('the benchmark %s runs', async (name) => {
  const measurements = (await scenarios[name]?.('smoke')) ?? []
  expect(measurements.length).toBeGreaterThan(0)
  for (const { value } of measurements) expect(value).not.toBeNaN()
  const wrong = measurements.filter(({ unit, value, target }) => {
    return unit === 'requests' && target !== undefined && 'atMost' in target && value > target.atMost
  })
  expect(wrong).toEqual([])
})

import { expect, it } from 'vitest'
import { checkChart } from './check-chart.ts'
import { exploreChart } from './explore-chart.ts'

checkChart('onUse', { unreachable: [] })

it('an exploration that takes more steps than it may fails', () => {
  expect(() => exploreChart({ refreshTiming: 'onUse', tokenKinds: [], mostSteps: 1_000 })).toThrow(
    'not explored after 1000 steps',
  )
})

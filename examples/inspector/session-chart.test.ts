import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { drawSessionChart, sessionChartFile } from './session-chart-drawing.ts'

test('V5 the drawing in the docs shows the machine as it is: `pnpm draw:chart` redraws it', async () => {
  const isCurrent = readFileSync(sessionChartFile, 'utf8') === (await drawSessionChart())
  expect(isCurrent).toBe(true)
}, 120_000)

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { drawSessionChart, sessionChartFile } from './session-chart-drawing.ts'

test('V5 the drawing in the docs is that of the machine: `pnpm draw:chart` makes it anew', async () => {
  const isCurrent = readFileSync(sessionChartFile, 'utf8') === (await drawSessionChart())
  expect(isCurrent).toBe(true)
}, 60_000)

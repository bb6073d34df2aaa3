/**
 * Draws the session's chart into docs/session-chart.svg: `pnpm draw:chart`.
 */
import { writeFileSync } from 'node:fs'
import { drawSessionChart, sessionChartFile } from './session-chart-drawing.ts'

writeFileSync(sessionChartFile, await drawSessionChart())

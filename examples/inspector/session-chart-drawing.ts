import { describeChart } from '@authchart/core/inspect'
import { sessionMachine } from '@authchart/core/machine'
import { drawSvg, layOutChart } from './drawing/index.ts'

/** The drawing that the README shows. */
export const sessionChartFile = new URL('../../docs/session-chart.svg', import.meta.url)

/** The session's chart, drawn from the machine itself. */
export async function drawSessionChart(): Promise<string> {
  return drawSvg(await layOutChart(describeChart(sessionMachine.config)), { title: 'The chart of a session' })
}

import { type Measurement, meetsTarget, type Summary } from './measurement.ts'

/** The results as a table in Markdown. */
export function formatTable(summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => {
    const { measurement, median, spread } = summary
    const [from, to] = spread.map((value) => formatNumber(value, measurement))
    const half = from === to ? from : `${from} to ${to}`
    return [measurement.name, format(median, measurement), half, formatTarget(measurement), verdictOf(summary)]
  })
  return [['measured', 'median', 'middle half', 'target', ''], ['---', '---:', '---:', '---:', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function verdictOf(summary: Summary): string {
  const meets = meetsTarget(summary)
  if (meets === undefined) return ''
  return meets ? 'met' : '**missed**'
}

function formatTarget({ target, unit }: Measurement): string {
  if (target === undefined) return ''
  return 'atMost' in target ? `at most ${target.atMost} ${unit}` : `at least ${target.atLeast} ${unit}`
}

function format(value: number, measurement: Measurement): string {
  return `${formatNumber(value, measurement)} ${measurement.unit}`
}

function formatNumber(value: number, { unit }: Measurement): string {
  if (unit === 'requests') return String(value)
  return unit === '×' || value < 1 ? value.toFixed(2) : value.toFixed(1)
}

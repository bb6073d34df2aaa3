import type { ChartLayout, PlacedMark, PlacedState, PlacedTransition } from './lay-out-chart.ts'
import { text } from './lay-out-chart.ts'

const font = "ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace"

/** The colours of both themes; a page may set them itself. */
const light = {
  ground: '#ffffff',
  box: '#f6f8fa',
  region: '#ffffff',
  line: '#afb8c1',
  ink: '#1f2328',
  faint: '#59636e',
  accent: '#0969da',
  usable: '#1a7f37',
  usableGround: '#dafbe1',
}
const dark: typeof light = {
  ground: '#0d1117',
  box: '#161b22',
  region: '#0d1117',
  line: '#484f58',
  ink: '#e6edf3',
  faint: '#9198a1',
  accent: '#58a6ff',
  usable: '#3fb950',
  usableGround: '#12261e',
}

/**
 * A chart as an SVG document, light or dark as the reader prefers.
 *
 * Every state has its path in `data-state`, every arrow its ends in `data-source` and `data-target` and its triggers in
 * `data-triggers`: a page lights them by class.
 */
export function drawSvg(layout: ChartLayout, { title }: { title: string }): string {
  const { width, height } = layout
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(title)}" class="chart">`,
    `<title>${escapeText(title)}</title>`,
    `<style>${style()}</style>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0.5 8 4 0 7.5z" fill="context-stroke"/></marker></defs>',
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    ...layout.states.map(drawState),
    ...layout.transitions.map(drawArrow),
    ...layout.marks.map(drawMark),
    ...layout.transitions.flatMap(drawLabels),
    // Arrows pass under the names of the states that they lead into.
    ...layout.states.map(drawName),
    '</svg>',
    '',
  ].join('\n')
}

function drawState({ x, y, width, height, state, isRegion }: PlacedState): string {
  const box = `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="6"/>`
  const description = escapeText(state.definition.description ?? state.name)
  const kinds = [kindOf(state), isRegion ? 'region' : '', ...(state.definition.tags ?? [])].filter(
    (kind) => kind !== '',
  )
  return `<g class="state ${escapeText(kinds.join(' '))}" data-state="${escapeText(state.path)}"><title>${description}</title>${box}</g>`
}

function drawName({ x, y, width, height, state }: PlacedState): string {
  const kind = kindOf(state)
  const place = kind === 'compound' ? { x: x + 12, y: y + 20 } : { x: x + width / 2, y: y + height / 2 + 4.5 }
  return `<text class="name ${kind}" x="${round(place.x)}" y="${round(place.y)}">${escapeText(state.name)}</text>`
}

function kindOf(state: PlacedState['state']): 'compound' | 'leaf' {
  return state.children.length > 0 ? 'compound' : 'leaf'
}

function drawArrow({ points, transition }: PlacedTransition): string {
  const data = transition === undefined ? ' class="arrow initial"' : ` class="arrow" ${describe(transition)}`
  return `<path${data} d="${pathThrough(points)}" marker-end="url(#head)"/>`
}

function drawMark({ kind, x, y, width, height }: PlacedMark): string {
  const [middleX, middleY] = [round(x + width / 2), round(y + height / 2)]
  const title = kind === 'initial' ? 'Here it begins.' : 'From anywhere in here.'
  return `<g class="mark ${kind}"><title>${title}</title><circle cx="${middleX}" cy="${middleY}" r="${kind === 'initial' ? 4 : 4.5}"/></g>`
}

function drawLabels({ labels, transition }: PlacedTransition): string[] {
  if (transition === undefined || labels.length === 0) return []
  const lines = labels.map(
    ({ x, y, width, height, text: label }) =>
      `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/><text x="${round(x + width / 2)}" y="${round(y + height - 4)}">${escapeText(label)}</text>`,
  )
  return [`<g class="label" ${describe(transition)}>${lines.join('')}</g>`]
}

function describe({
  source,
  target,
  triggers,
}: {
  source: string
  target: string
  triggers: readonly string[]
}): string {
  const ends = `data-source="${escapeText(source)}" data-target="${escapeText(target)}"`
  return `${ends} data-triggers="${escapeText(triggers.join(' | '))}"`
}

/** Straight lines with round corners. */
function pathThrough(points: PlacedTransition['points']): string {
  const radius = 5
  return points
    .map((point, index) => {
      const [before, after] = [points[index - 1], points[index + 1]]
      if (before === undefined) return `M${round(point.x)} ${round(point.y)}`
      if (after === undefined) return `L${round(point.x)} ${round(point.y)}`
      const [from, to] = [towards(point, before, radius), towards(point, after, radius)]
      return `L${round(from.x)} ${round(from.y)}Q${round(point.x)} ${round(point.y)} ${round(to.x)} ${round(to.y)}`
    })
    .join('')
}

interface Point {
  readonly x: number
  readonly y: number
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const part = length === 0 ? 0 : Math.min(distance, length / 2) / length
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
}

function style(): string {
  return `
.chart{${variables(light)}}
@media (prefers-color-scheme:dark){.chart{${variables(dark)}}}
.chart text{font:${text.size}px ${font};fill:var(--ink)}
.ground{fill:var(--ground)}
.state rect{fill:var(--box);stroke:var(--line)}
.state.region>rect{fill:var(--region);stroke-dasharray:5 4}
.chart .name{font-size:${text.headline}px;pointer-events:none}
.name.leaf{text-anchor:middle}
.name.compound{font-weight:600;paint-order:stroke;stroke:var(--box);stroke-width:5px;stroke-linejoin:round}
.state.usable rect{fill:var(--usableGround);stroke:var(--usable)}
.arrow{fill:none;stroke:var(--faint)}
.mark.initial circle{fill:var(--faint)}
.mark.anywhere circle{fill:none;stroke:var(--faint);stroke-width:1.5}
.label rect{fill:var(--ground);opacity:.85}
.label text{fill:var(--faint);text-anchor:middle}
`
}

function variables(colours: Record<string, string>): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escapeText(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

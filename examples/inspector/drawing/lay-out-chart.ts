import type { ChartDefinition } from '@authchart/core/inspect'
import elkModule from 'elkjs/lib/elk.bundled.js'
import type { ElkEdgeSection, ElkExtendedEdge, ElkLabel, ElkNode, ELK as ElkType } from 'elkjs/lib/elk-api.js'
import { findStates, findTransitions, flatten, type StatePart, type TransitionPart } from './chart-parts.ts'

// Bundlers and Node disagree about the default export of a CommonJS module.
const Elk = ((elkModule as { default?: unknown }).default ?? elkModule) as new () => ElkType

/** A chart with the place of each of its parts. */
export interface ChartLayout {
  readonly width: number
  readonly height: number
  readonly states: readonly PlacedState[]
  readonly transitions: readonly PlacedTransition[]
  /** Initial marks of regions, and marks that stand for any state inside a state. */
  readonly marks: readonly PlacedMark[]
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface PlacedState extends Box {
  readonly state: StatePart
  readonly isRegion: boolean
}

export interface PlacedMark extends Box {
  readonly kind: 'initial' | 'anywhere'
}

export interface PlacedTransition {
  /** Absent for the arrow from an initial mark. */
  readonly transition?: TransitionPart
  readonly points: readonly { readonly x: number; readonly y: number }[]
  readonly labels: readonly (Box & { readonly text: string })[]
}

/** The size of letters: a monospaced font has the same width everywhere, so no browser has to measure it. */
export const text = { size: 11, line: 15, advance: 6.62, headline: 13, headlineAdvance: 7.83 } as const

const mark = 10

const rootOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.layering.strategy': 'LONGEST_PATH_SOURCE',
  'elk.edgeLabels.inline': 'true',
  'elk.layered.edgeLabels.sideSelection': 'ALWAYS_DOWN',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.spacing.nodeNode': '26',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.randomSeed': '1',
}

/** Finds a place for every state and transition of a chart: always the same for the same chart. */
export async function layOutChart(definition: ChartDefinition): Promise<ChartLayout> {
  const root = findStates(definition)
  const transitions = findTransitions(root)
  const graph = await new Elk().layout({
    id: 'chart',
    layoutOptions: { ...rootOptions, 'elk.padding': '[top=16,left=16,bottom=16,right=16]' },
    children: childNodes(root, transitions),
    edges: [...flatten(root).flatMap(initialEdge), ...transitions.map(transitionEdge)],
  })
  return readLayout(graph, { states: flatten(root), transitions })
}

function childNodes(state: StatePart, transitions: readonly TransitionPart[]): ElkNode[] {
  const { definition, path } = state
  const hasAnywhere = transitions.some(({ isFromWithin, source }) => isFromWithin && source === path)
  return [
    ...(definition.initial === undefined ? [] : [{ id: initialId(path), width: mark, height: mark }]),
    ...(hasAnywhere ? [{ id: anywhereId(path), width: mark, height: mark }] : []),
    ...state.children.map((child) => toNode(child, transitions)),
  ]
}

function toNode(state: StatePart, transitions: readonly TransitionPart[]): ElkNode {
  const width = Math.ceil(state.name.length * text.headlineAdvance) + 24
  if (state.children.length === 0) return { id: nodeId(state.path), width, height: 32 }
  return {
    id: nodeId(state.path),
    layoutOptions: {
      'elk.padding': '[top=38,left=14,bottom=14,right=14]',
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},60)`,
    },
    children: childNodes(state, transitions),
  }
}

function initialEdge({ path, definition, children }: StatePart): ElkExtendedEdge[] {
  const initial = children.find(({ name }) => name === definition.initial)
  if (initial === undefined) return []
  return [{ id: `initial ${path}`, sources: [initialId(path)], targets: [nodeId(initial.path)] }]
}

function transitionEdge({ source, target, isFromWithin, triggers }: TransitionPart, index: number): ElkExtendedEdge {
  return {
    id: String(index),
    sources: [isFromWithin ? anywhereId(source) : nodeId(source)],
    targets: [nodeId(target)],
    labels: triggers.map((trigger) => ({
      text: trigger,
      width: Math.ceil(trigger.length * text.advance) + 8,
      height: text.line,
    })),
  }
}

function readLayout(
  graph: ElkNode,
  { states, transitions }: { states: readonly StatePart[]; transitions: readonly TransitionPart[] },
): ChartLayout {
  const nodes = allNodes(graph)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const regions = new Set(
    states.flatMap(({ definition, children }) =>
      definition.type === 'parallel' ? children.map(({ path }) => path) : [],
    ),
  )
  return {
    width: Math.ceil(graph.width ?? 0),
    height: Math.ceil(graph.height ?? 0),
    states: states.flatMap((state) => {
      const node = byId.get(nodeId(state.path))
      return node === undefined ? [] : [{ ...boxOf(node), state, isRegion: regions.has(state.path) }]
    }),
    marks: nodes.flatMap((node): PlacedMark[] => {
      if (node.id.startsWith('initial ')) return [{ ...boxOf(node), kind: 'initial' }]
      return node.id.startsWith('anywhere ') ? [{ ...boxOf(node), kind: 'anywhere' }] : []
    }),
    transitions: (graph.edges ?? []).map((edge) => placeEdge(edge, transitions)),
  }
}

function placeEdge(edge: ElkExtendedEdge, transitions: readonly TransitionPart[]): PlacedTransition {
  const transition = edge.id.startsWith('initial ') ? undefined : transitions[Number(edge.id)]
  return {
    transition,
    points: (edge.sections ?? []).flatMap(pointsOf),
    labels: (edge.labels ?? []).map((label: ElkLabel) => ({ ...boxOf(label), text: label.text ?? '' })),
  }
}

function pointsOf({ startPoint, bendPoints = [], endPoint }: ElkEdgeSection) {
  return [startPoint, ...bendPoints, endPoint]
}

function allNodes(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(allNodes)]
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Box>): Box {
  return { x, y, width, height }
}

const nodeId = (path: string) => `state ${path}`
const initialId = (path: string) => `initial ${path}`
const anywhereId = (path: string) => `anywhere ${path}`

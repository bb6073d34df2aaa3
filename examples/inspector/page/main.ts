import { explainRecording, type SessionRecording } from '@authchart/core/inspect'
import { createBrowserReceiver, createWebSocketReceiver } from '@statelyai/inspect'
import { drawSvg, layOutChart } from '../drawing/index.ts'
import { createEventList } from './event-list.ts'
import { lightChart } from './light-chart.ts'
import { receive, type Step, type Trace, traceOf } from './traces.ts'

const messagesUrl = `ws://${location.host}/messages`

/** What is shown. */
let traces: ReadonlyMap<string, Trace> = new Map()
let sessionId: string | undefined
/** The chosen step; undefined follows the latest one. */
let chosen: number | undefined
let drawn: string | undefined

const element = <Kind extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as Kind
const chart = element('chart')
const choice = element<HTMLSelectElement>('session')
const events = createEventList(element('events'), choose)

element('node-example').textContent = [
  "import { inspectSession, sessionInspectorOptions } from '@authchart/core/inspect'",
  "import { createWebSocketInspector } from '@statelyai/inspect'",
  '',
  `inspectSession(session, createWebSocketInspector({ ...sessionInspectorOptions, url: '${messagesUrl}' }))`,
].join('\n')
element('browser-example').textContent =
  `inspectSession(session, createBrowserInspector({ ...sessionInspectorOptions, url: '${location.origin}' }))`

for (const receiver of [createBrowserReceiver(), createWebSocketReceiver({ server: messagesUrl })]) {
  receiver.subscribe((message) => {
    traces = receive(traces, message)
    sessionId ??= message.sessionId
    scheduleShow()
  })
}

choice.addEventListener('change', () => {
  sessionId = choice.value
  chosen = undefined
  show()
})
element('first').addEventListener('click', () => choose(0))
element('back').addEventListener('click', () => choose(position() - 1))
element('forward').addEventListener('click', () => choose(position() + 1))
element('live').addEventListener('click', follow)
element<HTMLInputElement>('recording').addEventListener('change', (event) => {
  void load((event.target as HTMLInputElement).files?.[0])
})
document.addEventListener('keydown', (event) => {
  const isElsewhere = (event.target as Element).matches('select, #chart, #detail') && !/^[lL]$/.test(event.key)
  if (isElsewhere || event.ctrlKey || event.metaKey || event.altKey) return
  const action = keys[event.key]
  if (action === undefined) return
  event.preventDefault()
  action()
})

const keys: Readonly<Record<string, () => void>> = {
  ArrowLeft: () => choose(position() - 1),
  ArrowUp: () => choose(position() - 1),
  ArrowRight: () => choose(position() + 1),
  ArrowDown: () => choose(position() + 1),
  Home: () => choose(0),
  End: follow,
  l: follow,
  L: follow,
}

show()

function currentSteps(): readonly Step[] {
  return traces.get(sessionId ?? '')?.steps ?? []
}

function position(): number {
  return Math.min(chosen ?? Number.POSITIVE_INFINITY, currentSteps().length - 1)
}

function choose(index: number): void {
  chosen = Math.max(0, Math.min(index, currentSteps().length - 1))
  show()
}

function follow(): void {
  chosen = undefined
  show()
}

let isScheduled = false
/** Messages come in bursts: their result is shown once. */
function scheduleShow(): void {
  if (isScheduled) return
  isScheduled = true
  requestAnimationFrame(() => {
    isScheduled = false
    show()
  })
}

function show(): void {
  const steps = currentSteps()
  const index = position()
  const step = steps[index]
  showChoice()
  element('position').textContent =
    step === undefined
      ? 'No events yet'
      : `Step ${index + 1} of ${steps.length} · ${new Date(step.time).toLocaleTimeString()}`
  for (const [id, isPossible] of Object.entries({
    first: index > 0,
    back: index > 0,
    forward: index < steps.length - 1,
  })) {
    element<HTMLButtonElement>(id).disabled = !isPossible
  }
  element('live').setAttribute('aria-pressed', String(chosen === undefined))
  events.show(steps, index)
  showDetail(step)
  void showChart(step, steps[index - 1])
}

function showChoice(): void {
  element('session-choice').hidden = traces.size < 2
  if (choice.options.length !== traces.size) {
    choice.replaceChildren(...[...traces].map(([id, { name }]) => new Option(name === id ? id : `${name} (${id})`, id)))
  }
  choice.value = sessionId ?? ''
}

function showDetail(step: Step | undefined): void {
  if (step === undefined) return
  const parts = { Event: step.event, State: step.value, Context: step.context }
  element('detail').replaceChildren(
    ...Object.entries(parts).flatMap(([title, value]) => {
      const heading = document.createElement('h3')
      heading.textContent = title
      const text = document.createElement('pre')
      text.textContent = JSON.stringify(value, undefined, 2) ?? ''
      return [heading, text]
    }),
  )
}

/** Draws the chart if it has changed; lights it always. */
async function showChart(step: Step | undefined, before: Step | undefined): Promise<void> {
  const definition = traces.get(sessionId ?? '')?.definition
  if (definition === undefined) return
  const text = JSON.stringify(definition)
  if (text !== drawn) {
    drawn = text
    const svg = drawSvg(await layOutChart(definition), { title: `The chart of ${definition.id ?? 'an actor'}` })
    chart.innerHTML = svg
    // There may be more to show by now.
    show()
    return
  }
  lightChart(chart, step, before)
}

async function load(file: File | undefined): Promise<void> {
  if (file === undefined) return
  const explanation = element('explanation')
  explanation.hidden = false
  const text = explanation.querySelector('pre') as HTMLElement
  try {
    const recording = JSON.parse(await file.text()) as SessionRecording
    text.textContent = explainRecording(recording).text
    sessionId = `recording ${file.name}`
    traces = new Map(traces).set(sessionId, { ...traceOf(recording), name: file.name })
    choose(Number.POSITIVE_INFINITY)
  } catch (error) {
    text.textContent = `${file.name} is not a recording: ${error instanceof Error ? error.message : error}`
  }
}

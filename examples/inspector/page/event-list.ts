import { triggerOf } from './light-chart.ts'
import type { Step } from './traces.ts'

/** The list of events: a list box with one chosen entry. */
export function createEventList(list: HTMLElement, onChoose: (index: number) => void) {
  let shown: readonly Step[] = []
  list.addEventListener('click', (event) => {
    const entry = (event.target as Element).closest('[role=option]')
    if (entry !== null) onChoose([...list.children].indexOf(entry))
  })

  return {
    show(steps: readonly Step[], chosen: number) {
      // Steps are only added, unless another session is shown or the oldest ones are dropped.
      const isContinued = shown[0] === steps[0] && shown.length <= steps.length
      if (!isContinued) list.replaceChildren()
      const start = steps[0]?.time ?? 0
      for (const [index, step] of steps.entries()) {
        if (index >= list.children.length) list.append(createEntry(step, { index, start }))
      }
      shown = steps
      list.querySelector('[aria-selected="true"]')?.setAttribute('aria-selected', 'false')
      const entry = list.children[chosen]
      entry?.setAttribute('aria-selected', 'true')
      entry?.scrollIntoView({ block: 'nearest' })
      if (entry === undefined) list.removeAttribute('aria-activedescendant')
      else list.setAttribute('aria-activedescendant', entry.id)
    },
  }
}

function createEntry(step: Step, { index, start }: { index: number; start: number }): HTMLElement {
  const entry = document.createElement('div')
  entry.id = `event-${index}`
  entry.setAttribute('role', 'option')
  entry.setAttribute('aria-selected', 'false')
  const time = document.createElement('time')
  time.dateTime = new Date(step.time).toISOString()
  time.title = new Date(step.time).toLocaleString()
  time.textContent = `${((step.time - start) / 1000).toFixed(3)} s`
  const event = document.createElement('span')
  event.className = 'event'
  const trigger = triggerOf(step.event.type)
  event.textContent = step.times === undefined ? trigger : `${trigger} ×${step.times}`
  entry.append(time, event)
  return entry
}

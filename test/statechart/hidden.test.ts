import { describe, expect, it } from 'vitest'
import { everyCheck } from './every-check.ts'
import { exploreChart } from './explore-chart.ts'

describe('the chart with refreshTiming eager, in a page that is hidden and shown', () => {
  // No tokens of other kinds, and no other holder that writes: what those do does not depend on the page.
  const graph = exploreChart({
    refreshTiming: 'eager',
    pageIsHidden: true,
    tokenKinds: ['lasting'],
    leaveOut: (chart, event) => event.type.startsWith('record.') && chart.matches('signedIn'),
  })

  it('is hidden and shown in every place', () => {
    const states = [...graph.states.keys()]
    const hidden = states.filter((state) => state.endsWith(' hidden')).map((state) => state.replace(/ hidden$/, ''))
    expect(hidden.length).toBeGreaterThan(50)
    // A page that can be seen would not rest there.
    const alsoSeen = hidden.filter((state) => !/^(expiring|expired|rejected).idle/.test(state))
    expect(states).toEqual(expect.arrayContaining(alsoSeen))
  })

  it.each(Object.entries(everyCheck))('%s', (_, find) => {
    expect(find(graph)).toEqual([])
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import { chartPlaces } from '../support/drive-chart.ts'
import { findFalseClasses } from './class-honesty.ts'
import { everyCheck } from './every-check.ts'
import { type ChartGraph, exploreChart, placesOf } from './explore-chart.ts'

/** Explores the real chart with one timing, and checks every state that can be reached. */
export function checkChart(
  refreshTiming: 'eager' | 'onUse',
  { unreachable, signsIn = false }: { unreachable: readonly string[]; signsIn?: boolean },
): void {
  const whose = signsIn ? ' of a grant that signs in by itself' : ''
  describe(`the chart${whose} with refreshTiming ${refreshTiming}, wherever it can get`, () => {
    let graph: ChartGraph

    beforeAll(() => {
      graph = exploreChart({ refreshTiming, signsIn })
      console.info(`${refreshTiming}${whose}: ${graph.states.size} classes of states, ${graph.edges.length} steps`)
    }, 60_000)

    it.each(Object.entries(everyCheck))('%s', (_, find) => {
      expect(find(graph)).toEqual([])
    })

    it('is everywhere, except where this timing never rests', () => {
      const places = chartPlaces.map((place) => place.replace(' / ', '/'))
      expect(placesOf(graph).sort()).toEqual(places.filter((place) => !unreachable.includes(place)).sort())
    })

    it('is told by classes whose states can all do the same', () => {
      expect(findFalseClasses(graph)).toEqual([])
    }, 60_000)
  })
}

import { readFileSync } from 'node:fs'
import { recordRefreshes, type ShownRefresh } from '@authchart/docs/recordings'
import { expect, test } from 'vitest'

const file = new URL('../../docs/.vitepress/theme/recordings.json', import.meta.url)

test('D6 sessions do what the recordings in the docs show: `pnpm record:refreshes` records them anew', async () => {
  const shown = JSON.parse(readFileSync(file, 'utf8')) as ShownRefresh[]
  expect((await recordRefreshes()).map(withoutTimes)).toEqual(shown.map(withoutTimes))
})

/** What each holder went through, in its order. */
function withoutTimes({ title, requests, steps }: ShownRefresh) {
  const holders = Object.groupBy(steps, ({ holder }) => holder)
  const passed = Object.values(holders).map((steps = []) =>
    steps.map(({ event, token, refresh, code, reason }) => [event, token, refresh, code, reason].join(' ')),
  )
  return { title, requests, passed }
}

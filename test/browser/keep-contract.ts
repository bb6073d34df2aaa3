import { expect } from 'vitest'
import type { Tab } from './harness/tab.ts'
import type { World } from './harness/world.ts'

/** Every case of the contract of stores, in a page. */
export async function keepContract(tab: Tab, world: World): Promise<void> {
  await world.openApp(tab)
  const names = await tab.run(() => app.contractCases())
  expect(names.length).toBeGreaterThan(20)
  for (const name of names) {
    const problem = await tab.run((each) => app.runContractCase(each).then(() => '', String), name)
    expect.soft(problem, name).toBe('')
  }
}

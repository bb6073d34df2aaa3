import { it } from 'vitest'
import { describeInChromium } from './harness/with-chromium.ts'
import { keepContract } from './keep-contract.ts'

describeInChromium('the store in IndexedDB', (stage) => {
  it('keeps the contract of stores', async () => {
    await keepContract(await stage.chromium.openTab(), stage.world)
  })
})

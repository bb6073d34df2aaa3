import { memoryStore } from '@authchart/core'
import { storeContract } from '@authchart/core/testing'
import { describe, test } from 'vitest'

const cases = await storeContract(
  () => {
    const store = memoryStore()
    return { open: () => store }
  },
  { cryptoKeys: 'kept' },
)

describe('the memory store', () => {
  for (const { name, run } of cases) test(name, run)
})

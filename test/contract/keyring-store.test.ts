import { storeContract } from '@authchart/core/testing'
import { keyringStore } from '@authchart/node-store/keyring'
import { afterAll, describe, test } from 'vitest'
import { createFolderPlace } from '../support/folder-place.ts'
import { startSecretService } from '../support/secret-service.ts'
import { missingKeyringTools } from '../support/secret-service-tools.ts'

describe.skipIf(missingKeyringTools !== undefined)('the keyring store', async () => {
  if (missingKeyringTools !== undefined) return
  const service = await startSecretService()
  Object.assign(process.env, service.environment)
  afterAll(() => service[Symbol.asyncDispose]())

  const cases = await storeContract(
    () =>
      createFolderPlace((directory) =>
        keyringStore({ service: 'authchart-contract', directory, onUnreadable: () => {} }),
      ),
    { cryptoKeys: 'refused' },
  )
  for (const { name, run } of cases) test(name, run)
})

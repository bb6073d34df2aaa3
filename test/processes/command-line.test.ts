import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startAuthorizationServer } from '../authorization-server/index.ts'
import { logIn, startAcme } from '../support/acme.ts'
import { startSecretService } from '../support/secret-service.ts'
import { missingKeyringTools } from '../support/secret-service-tools.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

describe.skipIf(missingKeyringTools !== undefined)('the command-line example with a keyring', () => {
  it('keeps its sessions there, shows them while it is locked, and says that it is', async () => {
    await using keyring = await startSecretService()
    await using server = await startAuthorizationServer({
      lifetimes: { accessToken: 3600 },
      wantsPromptForOfflineAccess: false,
    })
    await using folder = createTemporaryFolder()
    const environment = {
      ...keyring.environment,
      ACME_ISSUER: server.issuer,
      ACME_CLIENT_ID: server.publicClient.id,
      ACME_API: 'http://127.0.0.1:9',
      ACME_STATE: join(folder.path, 'state'),
    }
    expect(await logIn([], environment, { server })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^✓ Signed in as alice\.\n/),
    })

    await keyring.lock()
    const status = await startAcme(['status', '--json'], environment).ended()
    expect(status).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(status.stdout)).toMatchObject({ accounts: [{ account: 'alice', state: 'signedIn' }] })
    const call = await startAcme(['call', '/orders'], environment).ended()
    expect(call).toMatchObject({ code: 4, stdout: '', stderr: expect.stringMatching(/keyring .*locked/) })
  })
})

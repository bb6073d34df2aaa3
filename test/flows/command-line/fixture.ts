import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileStore, type NodeStore } from '@authchart/node-store/file'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '../../authorization-server/index.ts'
import { type Acme, type AcmeOutcome, browserCommand, logIn, startAcme } from '../../support/acme.ts'
import { openSession, tokenSetOf } from '../../support/signed-in-session.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts'

/** The program's world: servers, and a folder in which it keeps sessions in files. */
export interface AcmeWorld extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly api: Api
  readonly folder: TemporaryFolder
  /** The store that the program opens. */
  readonly store: NodeStore
  readonly environment: Readonly<Record<string, string>>
  start(...commandArguments: string[]): Acme
  /** Runs a command to its end. */
  run(...commandArguments: string[]): Promise<AcmeOutcome>
  /** Runs `acme login` to its end. */
  logIn(...commandArguments: string[]): Promise<AcmeOutcome>
  /** Signs an account in as the program would, without its start. Tokens expire after `expiresIn` seconds. */
  signIn(account: string, options?: { subject?: string; expiresIn?: number }): Promise<void>
}

/** Starts one. Tokens live for an hour. */
export async function startAcmeWorld(): Promise<AcmeWorld> {
  const server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    wantsPromptForOfflineAccess: false,
  })
  const api = await startApi({ authorizationServer: server })
  const folder = createTemporaryFolder()
  const key = randomBytes(32)
  const state = join(folder.path, 'state')
  const store = fileStore({ directory: join(state, 'sessions'), key })
  const environment = {
    BROWSER: browserCommand,
    ACME_ISSUER: server.issuer,
    ACME_CLIENT_ID: server.publicClient.id,
    ACME_API: api.origin,
    ACME_STORE: 'file',
    ACME_STORE_KEY: key.toString('base64'),
    ACME_STATE: state,
  }
  const start = (...commandArguments: string[]) => startAcme(commandArguments, environment)
  return {
    server,
    api,
    folder,
    store,
    environment,
    start,
    run: (...commandArguments) => start(...commandArguments).ended(),
    logIn: (...commandArguments) => logIn(commandArguments, environment, { server }),
    async signIn(account, { subject = account, expiresIn = 3600 } = {}) {
      await using session = openSession(server, { store, key: `acme:${account}` })
      await session.signIn({ ...tokenSetOf(await server.signIn({ subject })), expiresIn })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([api.close(), server.close()])
      await folder[Symbol.asyncDispose]()
    },
  }
}

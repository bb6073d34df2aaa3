import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'

/** An authorization server, an API, and a folder for the program's files. */
export interface World extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly api: Api
  /** The environment in which `acme` needs no options, with a browser without a window that signs in at once. */
  readonly environment: NodeJS.ProcessEnv
}

const program = fileURLToPath(new URL('../main.ts', import.meta.url))
const asSource = '--conditions=@authchart/source'

/** The arguments of Node that run a program from its source. */
export const nodeArguments = [asSource, program]

/** Starts all of it on loopback, and leaves nothing behind. */
export async function startWorld(): Promise<World> {
  // Seconds, so that you see refreshes.
  const server = await startAuthorizationServer({ lifetimes: { accessToken: 4 }, wantsPromptForOfflineAccess: false })
  const api = await startApi({ authorizationServer: server })
  const folder = await mkdtemp(join(tmpdir(), 'acme-tour-'))
  const commands = join(folder, 'acme')
  await writeFile(commands, `#!/bin/sh\nexec "${process.execPath}" ${asSource} "${program}" "$@"\n`)
  await chmod(commands, 0o700)
  return {
    server,
    api,
    environment: {
      ...withoutDisplay(process.env),
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      BROWSER: `${process.execPath} ${asSource} ${fileURLToPath(import.meta.resolve('@authchart/test/visit-as-browser'))}`,
      // Types are stripped once, not by each command.
      NODE_COMPILE_CACHE: join(folder, 'cache'),
      ACME_ISSUER: server.issuer,
      ACME_CLIENT_ID: server.publicClient.id,
      ACME_API: api.origin,
      // Files, under a key that is then forgotten: the user's keyring is left alone.
      ACME_STORE: 'file',
      ACME_STORE_KEY: randomBytes(32).toString('base64'),
      ACME_STATE: join(folder, 'state'),
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([api.close(), server.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Without a desktop, `BROWSER` names the program that opens URLs. */
function withoutDisplay({ DISPLAY, WAYLAND_DISPLAY, XDG_CURRENT_DESKTOP, ...rest }: NodeJS.ProcessEnv) {
  return rest
}

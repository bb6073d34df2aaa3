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

/** An authorization server, an API, and a place of its own for the program's files. */
export interface World extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly api: Api
  /** With it, `acme` needs no options; a browser that shows nothing signs in at once. */
  readonly environment: NodeJS.ProcessEnv
}

const program = fileURLToPath(new URL('../main.ts', import.meta.url))
const asSource = '--conditions=@authchart/source'

/** What to start Node with, to run a program from its source. */
export const nodeArguments = [asSource, program]

/** Starts it all on loopback; it is gone without a trace afterwards. */
export async function startWorld(): Promise<World> {
  // Seconds, so that there is something to see.
  const server = await startAuthorizationServer({ lifetimes: { accessToken: 4 } })
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
      // Files under a key that nobody keeps: the user's keyring is left alone.
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

/** Without a desktop, the opener of browsers goes by `BROWSER`. */
function withoutDisplay({ DISPLAY, WAYLAND_DISPLAY, XDG_CURRENT_DESKTOP, ...rest }: NodeJS.ProcessEnv) {
  return rest
}

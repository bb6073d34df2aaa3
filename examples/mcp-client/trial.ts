/** Starts an authorization server and an MCP server on loopback, and runs the program at them: `pnpm example:mcp-client`. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startAuthorizationServer } from '@authchart/test/authorization-server'
import { readOptions } from '../../scripts/read-options.ts'
import { startMcpServer } from './mcp-server.ts'

const usage = `Usage: pnpm example:mcp-client

Runs the client twice at an MCP server on 127.0.0.1.`

readOptions(usage, {})
const asSource = '--conditions=@authchart/source'
const browser = `${process.execPath} ${asSource} ${fileURLToPath(import.meta.resolve('@authchart/test/visit-as-browser'))}`
const { DISPLAY, WAYLAND_DISPLAY, XDG_CURRENT_DESKTOP, ...environment } = process.env

await using authorizationServer = await startAuthorizationServer({
  registration: {},
  wantsPromptForOfflineAccess: false,
})
await using server = await startMcpServer(authorizationServer)
const home = await mkdtemp(join(tmpdir(), 'example-mcp-client-'))
const key = randomBytes(32).toString('base64')
for (const run of [
  'The first run signs in, and once more for the scope that writing needs.',
  'The second run finds the session.',
]) {
  console.log(`\n${run}`)
  const program = spawn(process.execPath, [asSource, fileURLToPath(new URL('main.ts', import.meta.url)), server.url], {
    // Without a desktop, `BROWSER` names the program that opens URLs: this one signs in at once.
    env: { ...environment, BROWSER: browser, MCP_CLIENT_HOME: home, MCP_CLIENT_KEY: key },
    stdio: 'inherit',
  })
  const [code] = await once(program, 'exit')
  process.exitCode ||= Number(code ?? 1)
}
await rm(home, { recursive: true })

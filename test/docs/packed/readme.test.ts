import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repositoryRoot } from '../../../scripts/run-command.ts'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '../../authorization-server/index.ts'
import { startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import { installPackages, linkDependencies } from '../../packaging/packed-consumer.ts'
import { hasChromium, startChromium } from '../../support/chromium.ts'
import { startSecretService } from '../../support/secret-service.ts'
import { missingKeyringTools } from '../../support/secret-service-tools.ts'
import { readBlocks } from '../blocks.ts'

let folder: string
let server: AuthorizationServer
let api: Api

beforeAll(async () => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'authchart-start-'))
  installPackages(folder)
  linkDependencies(folder, 'core', ['oauth4webapi', 'xstate'])
  linkDependencies(folder, 'node-store', ['@napi-rs/keyring', 'fs-native-extensions', 'open'])
  linkDependencies(folder, 'browser-store', ['idb-keyval'])
  // As `npm init` writes it.
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }')
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 }, keepsConnections: false })
  api = await startApi({ authorizationServer: server, keepsConnections: false })
})
afterAll(() => Promise.all([rm(folder, { recursive: true }), server.close(), api.close()]))

test('D2 the service of the README runs as it stands', async () => {
  const { id, secret } = server.secretBasicClient
  paste('service', id)
  const { stdout } = await runPasted({ ACME_CLIENT_SECRET: secret })
  expect(JSON.parse(stdout)).toMatchObject({ method: 'GET', path: '/orders' })
})

test.skipIf(missingKeyringTools !== undefined)(
  'D2 the command-line tool of the README runs as it stands, and signs in once only',
  async () => {
    await using secretService = await startSecretService()
    paste('command-line tool', server.publicClient.id)
    const browser = fileURLToPath(new URL('../../support/programs/visit-as-browser.ts', import.meta.url))
    const environment = {
      ...secretService.environment,
      BROWSER: `${process.execPath} --conditions=@authchart/source ${browser}`,
    }
    const first = await runPasted(environment)
    expect(first.stderr).toContain('To sign in, go on in the browser.')
    expect(JSON.parse(first.stdout)).toMatchObject({ path: '/orders' })
    const second = await runPasted(environment)
    expect(second.stderr).toBe('')
    expect(JSON.parse(second.stdout)).toMatchObject({ path: '/orders' })
  },
)

test.skipIf(!hasChromium)(
  'D2 the single-page app of the README runs as it stands, and signs in once only',
  async () => {
    await using app = await servePage(await bundle(paste('single-page app', server.publicClient.id)))
    await using chromium = await startChromium()
    const context = await chromium.newContext()
    const page = await context.newPage()
    server.resetCounts()
    await page.goto(app.origin)
    await showsOrders(page)
    expect(new URL(page.url()).pathname).toBe('/')
    await page.reload()
    await showsOrders(page)
    const other = await context.newPage()
    await other.goto(app.origin)
    await showsOrders(other)
    expect(server.counts.byGrantType).toEqual({ authorization_code: 1 })
  },
)

test('D8 the sizes in the README are the measured ones, to the kilobyte', () => {
  // A limit that is exceeded is another check's to tell.
  const { stdout } = spawnSync('size-limit', ['--json'], { cwd: repositoryRoot, encoding: 'utf8' })
  const measured = JSON.parse(stdout) as { name: string; size: number }[]
  const shown = readSizes()
  expect(shown.size).toBeGreaterThan(3)
  for (const [name, kilobytes] of shown) {
    const { size = Number.NaN } = measured.find((each) => each.name === name) ?? {}
    expect(Math.abs(size / 1000 - kilobytes), `${name}: ${size} bytes`).toBeLessThan(0.6)
  }
})

describe('the pages about starting', () => {
  test.each([
    ['single-page app', 'docs/start/single-page-app.md'],
    ['command-line tool', 'docs/start/command-line-tool.md'],
    ['service', 'docs/start/service.md'],
  ])('D2 have the %s of the README', (start, page) => {
    expect(readStart(start, page)).toBe(readStart(start))
  })
})

/** A start as it stands in a page. */
function readStart(start: string, page = 'README.md'): string {
  const block = readBlocks(page).find(({ comment }) => comment === `start: ${start}`)
  if (block === undefined) throw new Error(`${page} has no start of a ${start}`)
  return block.code
}

/** Puts a start of the README into the folder, with the addresses and the client of the servers here. */
function paste(start: string, clientId: string): string {
  const path = join(folder, 'main.mjs')
  const code = readStart(start)
    .replaceAll('https://login.acme.example', server.issuer)
    .replaceAll('https://api.acme.example', api.origin)
    .replace(/clientId: '.*?'/, `clientId: '${clientId}'`)
    // Else it would be in the home of the user who runs this.
    .replace("service: 'acme'", `service: 'acme', directory: '${join(folder, 'sessions')}'`)
  writeFileSync(path, code)
  return path
}

/** Runs what was pasted, with nothing but this in its environment. */
function runPasted(environment: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ['main.mjs'], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...environment },
    timeout: 60_000,
  })
}

async function bundle(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

/** Serves the same page at every path of an origin. */
function servePage(script: string) {
  return startLoopbackServer((request, response) => {
    const isScript = request.url === '/main.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    const html =
      '<!doctype html><title>acme</title><link rel="icon" href="data:,"><script type="module" src="/main.js"></script><body>'
    response.end(isScript ? script : html)
  })
}

async function showsOrders(page: Page): Promise<void> {
  await page.waitForFunction(() => /^alice: .*\/orders/.test(document.body.textContent ?? ''))
}

/** What the README says, by the names of `.size-limit.ts`. */
function readSizes(): Map<string, number> {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
  const table = /<!-- sizes -->\n([\s\S]*?)<!-- end of sizes -->/.exec(readme)?.[1] ?? ''
  return new Map([...table.matchAll(/^\| (.+) \| (\d+) \|$/gm)].map(([, name, size]) => [String(name), Number(size)]))
}

import { copyFileSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Chromium, startChromium } from '../browser/harness/chromium.ts'
import type { PackedConsumer } from '../packaging/packed-consumer.ts'
import { hasChromium } from '../support/chromium.ts'
import { bundle, bundlers } from './bundlers.ts'
import { createPageConsumer, readSizeLimit, writeImports } from './page-consumer.ts'
import { serveApp } from './serve-app.ts'

let consumer: PackedConsumer
let chromium: Chromium | undefined
/** What the app weighs at most of ours and what that depends on, in bytes, gzipped. */
let limit: number

beforeAll(async () => {
  // Vite and Rollup look there for what to take.
  vi.stubEnv('NODE_ENV', 'production')
  consumer = createPageConsumer()
  const { imports, bytes } = await readSizeLimit('what examples/browser-spa takes')
  limit = bytes
  writeImports(consumer.folder, { file: 'taken.js', imports })
  if (hasChromium) chromium = await startChromium()
})
afterAll(() => Promise.all([consumer?.[Symbol.asyncDispose](), chromium?.[Symbol.asyncDispose]()]))

/** What only an import that the app does not have would bring. */
const untaken = [
  'device_authorization_endpoint',
  'registration_endpoint',
  'end_session_endpoint',
  'accounts.google.com',
]

test('what an app does not take is in the packages', () => {
  const files = globSync('node_modules/@authchart/core/dist/*.js', { cwd: consumer.folder })
  const packed = files.map((file) => readFileSync(join(consumer.folder, file), 'utf8')).join()
  expect(untaken.filter((mark) => packed.includes(mark))).toEqual(untaken)
})

describe.each(Object.entries(bundlers))('an app that is built by %s', (name, bundler) => {
  test.runIf(hasChromium)(
    'E3 signs in, refreshes and calls, with one XState and nothing that only Node takes',
    async () => {
      const output = join(consumer.folder, 'built', name)
      const { modules } = await bundle(bundler, { folder: consumer.folder, entry: 'app/main.js', output })
      expectPageModules(modules)

      const page = join(consumer.folder, 'page')
      writeFileSync(
        join(output, 'index.html'),
        readFileSync(join(page, 'index.html'), 'utf8').replace('main.tsx', 'main.js'),
      )
      copyFileSync(join(page, 'style.css'), join(output, 'style.css'))
      await using app = await serveApp(output)
      const tab = await (chromium as Chromium).openTab({ window: true })
      await tab.open(app.url)
      await tab.page.getByRole('button', { name: /^Sign in/ }).click()
      await tab.page.getByRole('button', { name: 'Refresh now' }).click()
      await tab.page.getByRole('listitem').filter({ hasText: 'refreshed' }).waitFor()
      await tab.page.getByRole('button', { name: 'Call the API' }).click()
      await tab.page.getByRole('listitem').filter({ hasText: '200, as alice' }).waitFor()
      expect(tab.page.url()).toBe(app.url)
      expect(app.server.counts.byGrantType).toEqual({ authorization_code: 1, refresh_token: 1 })
      await tab.close()
    },
  )

  test('E3 has of the packages what it takes, in one file, and weighs what the limit of sizes says', async () => {
    const output = join(consumer.folder, 'taken', name)
    const { modules, scripts } = await bundle(bundler, { folder: consumer.folder, entry: 'taken.js', output })
    expectPageModules(modules)
    expect(scripts.length).toBe(1)
    const [script = ''] = scripts
    expect(script).not.toMatch(/\bimport\(|\brequire\(|node:/)
    expect(untaken.filter((mark) => script.includes(mark))).toEqual([])
    // Bundlers differ by some hundred bytes.
    expect(gzipSync(script, { level: 9 }).length).toBeLessThanOrEqual(limit * 1.02)
  })
})

/** Of our packages what is for pages, and the dependencies themselves: the ESM build of one XState. */
function expectPageModules(modules: readonly string[]) {
  const ours = modules.flatMap((path) => /@authchart\/(.*)/.exec(path)?.[1] ?? [])
  expect(ours).toContain('core/dist/chunks/shared.js')
  expect(ours.filter((path) => !/^(core|browser-store)\//.test(path))).toEqual([])
  expect(ours.filter((path) => /xstate|oauth4webapi|providers|testing/.test(path))).toEqual([])
  const ofXState = modules.filter((path) => /\/node_modules\/xstate\//.test(path))
  expect(ofXState.length).toBeGreaterThan(0)
  expect(ofXState.filter((path) => !/\.esm\.js$/.test(path) || /development/.test(path))).toEqual([])
  expect(new Set(ofXState.map((path) => path.replace(/\/xstate\/dist\/.*/, ''))).size).toBe(1)
}

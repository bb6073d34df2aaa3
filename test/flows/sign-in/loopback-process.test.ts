import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type AuthorizationServer, createBrowser, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterAll(() => server.close())

const pathOf = (name: string) => fileURLToPath(new URL(`../../support/programs/${name}.ts`, import.meta.url))
const asSource = '--conditions=@authchart/source'

/** Runs a program that signs in; without a display, so that the opener goes by `BROWSER` alone. */
function run(environment: { BROWSER: string }) {
  const input = JSON.stringify({ issuer: server.issuer, clientId: server.publicClient.id })
  const running = promisify(execFile)(process.execPath, [asSource, pathOf('sign-in-by-loopback'), input], {
    env: { PATH: process.env.PATH, ...environment },
    timeout: 50_000,
  })
  return running
}

// Elsewhere the opener shows the address to whoever sits there, in a real browser, whatever `BROWSER` says.
describe.runIf(process.platform === 'linux')('signing in from a program', () => {
  test('a program opens the browser, waits for it, and ends as soon as it has signed in', async () => {
    const { stdout, stderr } = await run({ BROWSER: `${process.execPath} ${asSource} ${pathOf('visit-as-browser')}` })
    expect(stdout).toBe('signed in as erin\n')
    expect(stderr).toMatch(/^To sign in, go on in the browser\. If none has opened, visit:\nhttp:\S+\n$/)
  })

  test('a program without a browser waits for whoever goes to the address on stderr', async () => {
    const running = run({ BROWSER: 'false' })
    const { promise: told, resolve } = Promise.withResolvers<string>()
    running.child.stderr?.on('data', (text: string) => {
      const url = /http:\S+/.exec(text)?.[0]
      if (url !== undefined) resolve(url)
    })
    const page = await createBrowser().open(await told)
    expect(await page.text()).toContain('You are signed in')
    expect((await running).stdout).toBe('signed in as erin\n')
  })
})

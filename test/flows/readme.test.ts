import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startApi, startAuthorizationServer } from '../authorization-server/index.ts'

const run = promisify(execFile)

/** The first block of TypeScript: the lines that embed authchart. */
async function readEmbeddingLines(): Promise<string> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const lines = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
  if (lines === undefined) throw new Error('The README has no block of TypeScript')
  return lines
}

it('runs the lines of the README that embed authchart, as they stand there', async () => {
  await using server = await startAuthorizationServer()
  await using api = await startApi({ authorizationServer: server })
  const { access_token, refresh_token } = await server.signIn()
  // A token that has expired already: the lines have to refresh it.
  const tokens = { accessToken: access_token, refreshToken: refresh_token, expiresIn: 0 }
  const lines = (await readEmbeddingLines())
    .replaceAll('https://login.acme.example', server.issuer)
    .replaceAll('https://api.acme.example', api.origin)
    .replaceAll('acme-cli', server.publicClient.id)
  const program = `const tokens = ${JSON.stringify(tokens)}\n${lines}\nconsole.log(JSON.stringify(orders))\n`

  // Below this folder, so that the packages are found.
  const folder = await mkdtemp(join(import.meta.dirname, '.readme-'))
  try {
    await writeFile(join(folder, 'program.ts'), program)
    const { stdout } = await run(process.execPath, ['--conditions=@authchart/source', join(folder, 'program.ts')], {
      timeout: 10_000,
    })
    expect(JSON.parse(stdout)).toMatchObject({ method: 'GET', path: '/orders' })
    expect(server.counts.refreshes).toBe(1)
  } finally {
    await rm(folder, { recursive: true })
  }
})

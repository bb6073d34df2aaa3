import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { expect, test } from 'vitest'

const folder = resolve(import.meta.dirname, '../../packages/core/src/oauth')

/** The packages that a module loads, itself or by what it imports. */
function packagesOf(path: string, visited = new Set<string>()): Set<string> {
  const packages = new Set<string>()
  if (visited.has(path)) return packages
  visited.add(path)
  const source = readFileSync(path, 'utf8').replace(/^import type [^'"]*/gm, 'type ')
  for (const [, name = ''] of source.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'/gm)) {
    const found = name.startsWith('.') ? packagesOf(resolve(dirname(path), name), visited) : [name]
    for (const each of found) packages.add(each)
  }
  return packages
}

test.each(['refresh-token-grant.ts', 'client-credentials-grant.ts', 'dpop.ts', 'server.ts', 'end-session-url.ts'])(
  'a session that was signed in does not load oauth4webapi: %s',
  (file) => {
    expect([...packagesOf(resolve(folder, file))]).toEqual([])
  },
)

test('a sign-in does', () => {
  expect([...packagesOf(resolve(folder, 'begin-authorization.ts'))]).toEqual(['oauth4webapi'])
})

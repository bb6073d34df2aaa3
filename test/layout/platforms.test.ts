import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))

/** A comparison of the platform that this process runs on. One that was given is a member, such as `system.platform`. */
const ownPlatform = /(?<![.\w])(?:process\.)?platform\s*[!=]==/

// Else no test could take the way of another system.
it('no source compares the platform it runs on: the platform is given, and is by default this one', () => {
  const importers = sources.filter((file) => /\bprocess\.platform|\bplatform\b.*node:process/.test(read(file)))
  expect(importers.length).toBeGreaterThan(3)
  expect(importers.filter((file) => ownPlatform.test(read(file)))).toEqual([])
})

function read(file: string): string {
  return readFileSync(root + file, 'utf8')
}

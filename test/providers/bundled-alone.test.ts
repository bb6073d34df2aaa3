import { fileURLToPath } from 'node:url'
import * as presets from '@authchart/core/providers'
import { build } from 'esbuild'
import { beforeAll, expect, test } from 'vitest'

const door = fileURLToPath(new URL('../../packages/core/src/providers.ts', import.meta.url))

/** The door as it is published: one file. */
let built: string

beforeAll(async () => {
  const { outputFiles } = await build({ entryPoints: [door], bundle: true, format: 'esm', write: false, outdir: '/' })
  built = outputFiles[0]?.text ?? ''
})

/** What each of some presets has, and no other one. */
const marks: Readonly<Record<string, string>> = {
  google: 'accounts.google.com',
  slack: 'slack.com',
  atlassian: 'auth.atlassian.com',
  twitch: 'id.twitch.tv',
  salesforce: 'instance_url',
}

test.each(Object.keys(presets))('an app that imports %s gets nothing of the others', async (name) => {
  const { outputFiles } = await build({
    stdin: { contents: `${built.slice(0, built.lastIndexOf('export {'))}\nexport { ${name} }` },
    ...{ bundle: true, minify: true, treeShaking: true, format: 'esm', write: false },
  })
  const text = outputFiles[0]?.text ?? ''
  for (const [other, mark] of Object.entries(marks)) expect(text.includes(mark)).toBe(other === name)
  expect(text.length).toBeLessThan(1100)
})

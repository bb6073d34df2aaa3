import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Those that ask for no more than their text to be kept. */
const permissive = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD']

const packages = new URL('../../packages/', import.meta.url)

test('D7 the docs list all that the packages install, and every license is a permissive one', async () => {
  const sections = readdirSync(packages).map((name) => {
    const manifest = new URL(`${name}/package.json`, packages)
    const installed = [...findInstalled(manifest).values()]
    for (const { name, license } of installed) expect(permissive, name).toContain(license)
    return `## @authchart/${name}\n\n${describe(installed)}`
  })
  const page = `# Dependencies and licenses

What npm installs with each package, beside \`@authchart/core\`, and under which license. The packages themselves are MIT.
For Node, \`@authchart/core\` brings what it uses of \`xstate\` and \`oauth4webapi\` as one file each, with their licenses in them.

${sections.join('\n\n')}
`
  // `pnpm test dependencies -u` writes it.
  await expect(page).toMatchFileSnapshot('../../docs/dependencies.md')
})

/** All that a package depends on, by name. */
function findInstalled(manifest: URL, found = new Map<string, Manifest>()): Map<string, Manifest> {
  const { dependencies = {} } = read(manifest)
  for (const name of Object.keys(dependencies).filter((each) => !each.startsWith('@authchart/') && !found.has(each))) {
    const path = findPackageJSON(name, manifest)
    if (path === undefined) throw new Error(`${name} is not installed`)
    // Where it really is, there are its own dependencies too.
    const installed = pathToFileURL(realpathSync(path))
    found.set(name, read(installed))
    findInstalled(installed, found)
  }
  return found
}

function read(manifest: URL): Manifest {
  return JSON.parse(readFileSync(manifest, 'utf8')) as Manifest
}

function describe(installed: readonly Manifest[]): string {
  if (installed.length === 0) return 'Nothing.'
  const sorted = installed.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const rows = sorted.map(({ name, version, license }) => `| \`${name}\` | ${version} | ${license} |`)
  return ['| package | version | license |', '|---|---|---|', ...rows].join('\n')
}

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Application, type ProjectReflection, TSConfigReader, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'

export { findUndocumented } from './find-undocumented.ts'

const docs = resolve(import.meta.dirname, '..')
const packages = resolve(docs, '../packages')

const output = join(docs, 'reference')

const options: Partial<TypeDocOptions & PluginOptions> = {
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: findDoors(),
  tsconfig: join(import.meta.dirname, 'tsconfig.reference.json'),
  basePath: packages,
  out: output,
  name: 'Reference',
  readme: 'none',
  router: 'module',
  flattenOutputFiles: true,
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  githubPages: false,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  entryFileName: 'index',
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true },
  useCodeBlocks: true,
  useHTMLAnchors: true,
  logLevel: 'Warn',
  validation: { notExported: false, invalidLink: true, notDocumented: false },
}

/** All that the doors export, with the application that has read it from their sources. */
export interface Reference {
  readonly application: Application
  readonly project: ProjectReflection
}

export async function readReference(): Promise<Reference> {
  const application = await Application.bootstrapWithPlugins(options, [new TSConfigReader()])
  const project = await application.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the doors; what it says about them is above.')
  for (const module of project.children ?? []) module.name = specifierOf(module.name)
  return { application, project }
}

/** Writes it into `docs/reference`, a page for each door. */
export async function writeReference({ application, project }: Reference): Promise<void> {
  await application.generateOutputs(project)
  for (const file of readdirSync(output)) {
    const text = readFileSync(join(output, file), 'utf8')
    rmSync(join(output, file))
    writeFileSync(join(output, pathOf(file)), text.replace(/@authchart\.[\w.-]+\.md/g, pathOf))
  }
}

/** The dots of `@authchart.core.fetch.md` would look like the beginning of a file's extension. */
function pathOf(file: string): string {
  return `${file.replace(/^@authchart\.|\.md$/g, '').replaceAll('.', '-')}.md`
}

/** The sources of the public doors, those of core first: what it exports is described there. */
function findDoors(): string[] {
  const folders = readdirSync(packages).sort((one, other) => Number(other === 'core') - Number(one === 'core'))
  return folders.flatMap((folder) => {
    const manifest = readFileSync(join(packages, folder, 'package.json'), 'utf8')
    const { exports } = JSON.parse(manifest) as { exports: Record<string, { types?: string }> }
    return Object.values(exports).flatMap(({ types }) => (types === undefined ? [] : join(packages, folder, types)))
  })
}

/** How a door is imported: TypeDoc names it by its path, such as `core/src/fetch`. */
function specifierOf(path: string): string {
  const name = path.replace('/src', '').replace(/\/index$/, '')
  return `@authchart/${name}`
}

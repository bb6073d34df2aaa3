import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { repositoryRoot, runCommand } from '../../scripts/run-command.ts'

/** A project outside of the workspace that has installed the packages as they would be published. */
export interface PackedConsumer extends AsyncDisposable {
  readonly folder: string
  /**
   * Runs the compiler of a TypeScript, by the name it is installed under here, on the type tests or some of them;
   * returns what it complains about.
   */
  compile(
    typescript: string,
    options: { compilerOptions: Readonly<Record<string, unknown>>; include?: readonly string[] },
  ): string
  /** Runs a module of the project's own in Node, with its text; returns what it printed. */
  run(source: string): string
}

const require = createRequire(import.meta.url)

/** Builds, packs and unpacks the packages into a new project, with a copy of the type tests as its sources. */
export function createPackedConsumer(): PackedConsumer {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'authchart-consumer-'))
  installPackages(folder)
  linkDependencies(folder, 'core', ['xstate', 'oauth4webapi', 'ky', 'react'])
  cpSync(fileURLToPath(new URL('../types', import.meta.url)), join(folder, 'src'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))

  return {
    folder,
    compile(typescript, { compilerOptions, include = ['src'] }) {
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: { ...consumerOptions, ...compilerOptions }, include }),
      )
      const compiler = join(dirname(require.resolve(`${typescript}/package.json`)), 'bin/tsc')
      return runIn(folder, [compiler, '--project', folder, '--pretty', 'false'])
    },
    run(source) {
      writeFileSync(join(folder, 'main.js'), source)
      return runIn(folder, ['main.js'])
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

/** Builds, packs and unpacks the packages into a folder's `node_modules`. */
export function installPackages(folder: string): void {
  runCommand('node', ['scripts/build.ts'])
  for (const name of readdirSync(join(repositoryRoot, 'packages'))) install(name, folder)
}

/** Gives a folder what one of the packages depends on. No registry is asked: it is here already. */
export function linkDependencies(folder: string, packageName: string, names: readonly string[]): void {
  const source = join(repositoryRoot, 'packages', packageName, 'node_modules')
  for (const name of names) symlinkSync(realpathSync(join(source, name)), nodeModule(folder, name))
}

/** What every consumer of the types needs: the sources here import each other by their `.ts` names. */
const consumerOptions = { noEmit: true, allowImportingTsExtensions: true, target: 'es2022', types: [] }

function install(name: string, folder: string): void {
  const source = join(repositoryRoot, 'packages', name)
  const printed = pnpm(['--dir', source, 'pack', '--json', '--pack-destination', folder])
  const { filename } = JSON.parse(printed) as { filename: string }
  const target = nodeModule(folder, readManifestName(source))
  mkdirSync(target, { recursive: true })
  runCommand('tar', ['--extract', '--gzip', '--file', filename, '--directory', target, '--strip-components=1'])
}

/** pnpm is there where it has started the tests; otherwise npx has it, or gets it. */
function pnpm(argumentList: readonly string[]): string {
  const isThere = spawnSync('pnpm', ['--version'], { stdio: 'ignore' }).status === 0
  return isThere ? runCommand('pnpm', argumentList) : runCommand('npx', ['--yes', 'pnpm@12', ...argumentList])
}

function nodeModule(folder: string, name: string): string {
  const path = join(folder, 'node_modules', name)
  mkdirSync(dirname(path), { recursive: true })
  return path
}

function readManifestName(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string }).name
}

function runIn(folder: string, argumentList: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, argumentList, { cwd: folder, encoding: 'utf8' })
  return (stdout + stderr).trim()
}

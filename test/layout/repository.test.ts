import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)

/** Folders of one machine: absolute paths under them mean nothing to anybody else. */
const machinePath = /(?<![\w.@*~-])[/](?:root|work|home[/]\w+|Users[/]\w+)[/]/

it.skipIf(!existsSync(new URL('.git', root)))('no file names a path of the machine it was written on', () => {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: fileURLToPath(root),
    encoding: 'utf8',
  })
  const offenders = files
    .split('\0')
    .filter((file) => file !== '' && file !== 'pnpm-lock.yaml')
    .flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) => (machinePath.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
    )
  expect(offenders).toEqual([])
})

/** Nothing where the file is gone: it was removed by hand, or by a test that has made it. */
function read(file: string): string {
  try {
    return readFileSync(new URL(file, root), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

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
    .filter((file) => file !== '' && file !== 'pnpm-lock.yaml' && existsSync(new URL(file, root)))
    .flatMap((file) =>
      readFileSync(new URL(file, root), 'utf8')
        .split('\n')
        .flatMap((line, index) => (machinePath.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
    )
  expect(offenders).toEqual([])
})

import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { CodeBlock } from './blocks.ts'

const compilerOptions = {
  noEmit: true,
  strict: true,
  target: 'es2024',
  module: 'nodenext',
  lib: ['ESNext', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
  types: ['node'],
  jsx: 'react-jsx',
  allowImportingTsExtensions: true,
  skipLibCheck: true,
}

/** What the compiler says about blocks, each in a module of its own. */
export async function compile(blocks: readonly CodeBlock[]): Promise<string[]> {
  const folder = await mkdtemp(join(import.meta.dirname, '.blocks-'))
  try {
    await cp(join(import.meta.dirname, 'block-names.d.mts'), join(folder, 'block-names.d.mts'))
    for (const { page, line, language, code, comment } of blocks) {
      const file = join(folder, page, `${line}.${language}`)
      await mkdir(dirname(file), { recursive: true })
      const [, declared = ''] = /^with: (.*)/.exec(comment ?? '') ?? []
      // As many lines down as in the page.
      await writeFile(file, `${declared}${'\n'.repeat(line - 1)}${code}\nexport {}\n`)
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
    return (await runCompiler(folder)).map((line) => line.replace(/\/\d+\.tsx?\((\d+),\d+\)/, ':$1'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function runCompiler(folder: string): Promise<string[]> {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const argumentList = [compiler, '--project', folder, '--pretty', 'false']
  const { stdout } = await promisify(execFile)(process.execPath, argumentList, { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  )
  return stdout.split('\n').filter((line) => /error TS/.test(line))
}

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPackedConsumer, type PackedConsumer } from './packed-consumer.ts'

let consumer: PackedConsumer
beforeAll(() => {
  consumer = createPackedConsumer()
})
afterAll(() => consumer[Symbol.asyncDispose]())

const strict = { strict: true, lib: ['ESNext', 'DOM', 'DOM.Iterable'] }
const node = { module: 'nodenext', moduleResolution: 'nodenext' }
const bundler = { module: 'esnext', moduleResolution: 'bundler' }

const strictest = {
  ...strict,
  ...node,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
}

describe.each(['typescript-5.9', 'typescript-6', 'typescript'])('the packed declarations under %s', (typescript) => {
  test.each([
    { as: 'Node resolves them', compilerOptions: { ...strict, ...node } },
    { as: 'a bundler resolves them', compilerOptions: { ...strict, ...bundler } },
    { as: 'an app for older browsers reads them', compilerOptions: { ...strict, ...bundler, lib: ['ES2022', 'DOM'] } },
    { as: 'the strictest read them', compilerOptions: { ...strictest, skipLibCheck: true } },
  ])('pass the type tests as $as', ({ compilerOptions }) => {
    expect(consumer.compile(typescript, { compilerOptions })).toBe('')
  })

  test('pass the strictest with a look into libraries, but for the door that shows types of XState', () => {
    const include = ['session', 'requests', 'oauth', 'store'].map((name) => `src/${name}.ts`)
    expect(consumer.compile(typescript, { compilerOptions: strictest, include })).toBe('')
  })

  test('are not taken for any: a wrong use of them is found', () => {
    const file = join(consumer.folder, 'src/wrong.ts')
    writeFileSync(file, "import { createSession } from '@authchart/core'\ncreateSession({ key: 1 })\n")
    try {
      const complaints = consumer.compile(typescript, { compilerOptions: { ...strict, ...node } })
      expect(complaints).toMatch(/^src\/wrong\.ts\(2,17\): error TS2322/)
    } finally {
      rmSync(file)
    }
  })
})

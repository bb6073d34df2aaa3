import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('../../', import.meta.url))
/** The commands that people try the library by, with the program of each. */
const commands = Object.entries(manifest.scripts).flatMap(([name, script]) => {
  const [, program] = /^node \S+ (examples\/\S+\/(?:main|trial)\.ts)$/.exec(script) ?? []
  return program === undefined ? [] : [[name, program] as const]
})

it('finds the commands', () => expect(commands.length).toBeGreaterThan(8))

describe.concurrent.each(commands)('%s', (_name, program) => {
  it('says with --help how it is used', async () => {
    expect(await run(program, '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: /),
      stderr: '',
    })
  })

  it('says what is wrong with an option that it does not know, and starts nothing', async () => {
    const { code, stdout, stderr } = await run(program, '--nope')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^\W*Unknown.*--nope/)
    expect(stderr).not.toMatch(/^ {4}at /m)
  })
})

function run(program: string, argument: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const argumentList = ['--conditions=@authchart/source', program, argument]
    execFile(process.execPath, argumentList, { cwd: root, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    )
  })
}

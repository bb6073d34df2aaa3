import { expect, it } from 'vitest'
import { readCommand } from './command-line.ts'

it.each([
  [[], { kind: 'play', json: false, inspect: false }],
  [['--json'], { kind: 'play', json: true, inspect: false }],
  [['--', '--json'], { kind: 'play', json: true, inspect: false }],
  [['--inspect'], { kind: 'play', json: false, inspect: true }],
  [['--help'], { kind: 'help' }],
  [['-h'], { kind: 'help' }],
  [['--json', '--help'], { kind: 'help' }],
])('reads %j', (given, command) => {
  expect(readCommand(given)).toEqual(command)
})

it.each([
  [['--jsn'], '--jsn'],
  [['--json', 'quickly'], 'quickly'],
  [['-v'], '-v'],
])('says of %j what is known instead', (given, unknown) => {
  expect(readCommand(given)).toEqual({
    kind: 'mistake',
    message: `Unknown: ${unknown}. Known are --json, --inspect and --help.`,
  })
})

it('takes no value', () => {
  expect(readCommand(['--json=yes'])).toEqual({ kind: 'mistake', message: '--json=yes: takes no value.' })
})

import { expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { readReturnTo } from './return-to.ts'

const page = 'https://app.example/orders/list?page=2#top'

it.each([
  ['/invoices?open=5#first', '/invoices?open=5#first'],
  ['https://app.example/invoices', '/invoices'],
  ['https://somebody:secret@app.example/invoices', '/invoices'],
  ['five', '/orders/five'],
  ['?page=3', '/orders/list?page=3'],
  ['/a/../b', '/b'],
  // Of the same scheme, and so relative: it is no host.
  ['https:evil.example', '/orders/evil.example'],
  ['/next?to=https://evil.example/', '/next?to=https://evil.example/'],
  [page, '/orders/list?page=2#top'],
])('R4 %s leads to %s', (value, path) => {
  expect(readReturnTo(value, page)).toBe(path)
})

it.each(
  [
    'https://evil.example/',
    'https://app.example.evil.example/',
    'https://app.example@evil.example/',
    'https://app.example:8443/',
    'http://app.example/',
    '//evil.example/',
    '///evil.example/',
    '/\\evil.example/',
    '\\\\evil.example/',
    '/\t/evil.example/',
    '\n//evil.example/',
    'https://app.example//evil.example/',
    '/.//evil.example/',
    '/a/..//evil.example/',
    'javascript:alert(1)',
    ' java\nscript:alert(1)',
    'data:text/html,hello',
    'blob:https://app.example/8a5b',
    'filesystem:https://app.example/temporary/x',
    'view-source:https://app.example/',
    'https://',
    '',
    undefined,
    null,
    5,
    {},
  ].map((value) => [value]),
)('R4 %j leads nowhere', (value) => {
  expect(readReturnTo(value, page)).toBeUndefined()
})

it('R4 whatever is given, what comes out is a path of this site, taken alone or as an address', () => {
  const pieces = fc.constantFrom(
    '/',
    '\\',
    '//',
    '.',
    '..',
    ':',
    '@',
    '?',
    '#',
    '\t',
    '\n',
    ' ',
    'evil.example',
    'https:',
  )
  const address = fc.oneof(
    fc.webUrl(),
    fc.string(),
    fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 8 }).map((parts) => parts.join('')),
  )
  fc.assert(fc.property(address, isWithin), { numRuns: 500 })
})

function isWithin(value: unknown): boolean {
  const path = readReturnTo(value, page)
  if (path === undefined) return true
  const { origin } = new URL(path, page)
  return origin === 'https://app.example' && /^\/(?![/\\])/.test(path) && readReturnTo(path, page) === path
}

import { expect, test } from 'vitest'
import { copyHeaders, hasHeader, setHeader } from './request-headers.ts'

const forms: [string, (name: string) => HeadersInit][] = [
  ['a plain object', (name) => ({ accept: '*/*', [name]: 'own' })],
  ['Headers', (name) => new Headers({ accept: '*/*', [name]: 'own' })],
  [
    'a list of pairs',
    (name) => [
      ['accept', '*/*'],
      [name, 'own'],
    ],
  ],
  [
    'a Map',
    (name) =>
      new Map([
        ['accept', '*/*'],
        [name, 'own'],
      ]) as unknown as HeadersInit,
  ],
]

test.each(forms)('finds a header in %s in any spelling', (_name, headers) => {
  expect(hasHeader(headers('AUTHORIZATION'), 'Authorization')).toBe(true)
  expect(hasHeader(headers('authorization'), 'Authorization')).toBe(true)
  expect(hasHeader(headers('authorisation'), 'Authorization')).toBe(false)
})

test('finds none where there are no headers', () => {
  expect(hasHeader(undefined, 'Authorization')).toBe(false)
})

test.each(forms)('sets a header beside those in %s, and leaves the original alone', (_name, headers) => {
  const original = headers('x-own')
  const copy = copyHeaders(original)
  setHeader(copy, 'Authorization', 'Bearer abc')
  expect(Object.fromEntries(new Headers(copy))).toEqual({ accept: '*/*', 'x-own': 'own', authorization: 'Bearer abc' })
  expect(hasHeader(original, 'Authorization')).toBe(false)
})

import { expect, test } from 'vitest'
import { bodyKindOf, copyHeaders, hasHeader, hiddenBodyKindOf, setHeader } from './requests.ts'

const bytes = new Uint8Array([1, 2, 3])
async function* chunks() {
  yield bytes
}

test.each([
  ['nothing', undefined, 'none'],
  ['null', null, 'none'],
  ['a string', 'text', 'replayable'],
  ['an empty string', '', 'replayable'],
  ['URLSearchParams', new URLSearchParams({ a: '1' }), 'replayable'],
  ['a FormData', new FormData(), 'replayable'],
  ['a Blob', new Blob(['text']), 'replayable'],
  ['a File', new File(['text'], 'a.txt'), 'replayable'],
  ['an ArrayBuffer', bytes.buffer, 'replayable'],
  ['a typed array', bytes, 'replayable'],
  ['a DataView', new DataView(bytes.buffer), 'replayable'],
  ['a value that fetch makes a string of', { toString: (): string => 'text' }, 'replayable'],
  ['a ReadableStream', new Blob(['text']).stream(), 'oneShot'],
  ['a stream that is not iterable', { [Symbol.toStringTag]: 'ReadableStream' }, 'oneShot'],
  ['an async iterable', chunks(), 'oneShot'],
])('knows how often %s can be sent', (_name, body, kind) => {
  expect(bodyKindOf(body)).toBe(kind)
})

test('a Request without a body hides none', () => {
  expect(hiddenBodyKindOf(new Request('https://api.example/'))).toBe('none')
})

test('the body of a Request counts as one-shot, whatever it was made from', () => {
  expect(hiddenBodyKindOf(new Request('https://api.example/', { method: 'POST', body: 'text' }))).toBe('oneShot')
})

test('where Request.body is not supported the method decides', () => {
  const request = (method: string) => ({ method, body: undefined }) as unknown as Request
  expect(hiddenBodyKindOf(request('GET'))).toBe('none')
  expect(hiddenBodyKindOf(request('POST'))).toBe('oneShot')
})

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

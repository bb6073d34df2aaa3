import { expect, test } from 'vitest'
import { bodyKindOf, hiddenBodyKindOf } from './request-body.ts'

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

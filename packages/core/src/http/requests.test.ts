import { expect, test } from 'vitest'
import { bodyKindOf, copyHeaders, copyInit, freezeBody, hasHeader, hiddenBodyKindOf, setHeader } from './requests.ts'

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

const changeable: [string, () => { body: unknown; change(): void }, () => BodyInit][] = [
  [
    'a typed array',
    () => {
      const body = new Uint8Array([1, 2, 3])
      return { body, change: () => body.fill(9) }
    },
    () => new Uint8Array([1, 2, 3]),
  ],
  [
    'a part of a buffer',
    () => {
      const whole = new Uint8Array([0, 0, 1, 2, 3, 0])
      return { body: new Uint16Array(whole.buffer, 2, 1), change: () => whole.fill(9) }
    },
    () => new Uint8Array([1, 2]),
  ],
  [
    'a DataView',
    () => {
      const whole = new Uint8Array([0, 1, 2, 3, 0])
      return { body: new DataView(whole.buffer, 1, 3), change: () => whole.fill(9) }
    },
    () => new Uint8Array([1, 2, 3]),
  ],
  [
    'an ArrayBuffer',
    () => {
      const body = new Uint8Array([1, 2, 3])
      return { body: body.buffer, change: () => body.fill(9) }
    },
    () => new Uint8Array([1, 2, 3]),
  ],
  [
    'URLSearchParams',
    () => {
      const body = new URLSearchParams({ a: '1' })
      return { body, change: () => body.append('b', '2') }
    },
    () => 'a=1',
  ],
]

test.each(changeable)('keeps %s as it was, whatever the caller does with it later', async (_name, make, expected) => {
  const { body, change } = make()
  const frozen = freezeBody(body)
  change()
  const bytesOf = async (init: BodyInit) => new Uint8Array(await new Response(init).arrayBuffer())
  expect(await bytesOf(frozen as BodyInit)).toEqual(await bytesOf(expected()))
})

test('keeps a form as it was: its parts, in their order, with their file names', async () => {
  const form = new FormData()
  form.append('list', 'one')
  form.append('list', 'two')
  form.append('file', new File(['text'], 'a.txt', { type: 'text/plain' }))
  const frozen = freezeBody(form) as FormData
  form.set('list', 'three')
  form.delete('file')
  expect(frozen.getAll('list')).toEqual(['one', 'two'])
  const file = frozen.get('file') as File
  expect(file).toMatchObject({ name: 'a.txt', type: 'text/plain' })
  expect(await file.text()).toBe('text')
})

test.each([
  ['a string', 'text'],
  ['a Blob', new Blob(['text'])],
  ['a ReadableStream', new Blob(['text']).stream()],
  ['an async iterable', chunks()],
  ['a value that fetch makes a string of', { toString: (): string => 'text' }],
  ['nothing', undefined],
  ['null', null],
])('takes %s as it is: it cannot change, or cannot be copied', (_name, body) => {
  expect(freezeBody(body)).toBe(body)
})

test('copies the options of a fetch, those it does not know and those of another Request', () => {
  const init = { method: 'POST', ownOption: 1 } as RequestInit
  expect(copyInit(init)).toEqual(init)
  expect(copyInit(init)).not.toBe(init)
  expect(copyInit(undefined)).toEqual({})
  expect(copyInit(null as unknown as undefined)).toEqual({})
  const request = new Request('https://api.example/', { method: 'PUT', headers: { 'x-own': 'own' } })
  const copy = copyInit(request as unknown as RequestInit)
  expect(copy.method).toBe('PUT')
  expect(new Headers(copy.headers).get('x-own')).toBe('own')
})

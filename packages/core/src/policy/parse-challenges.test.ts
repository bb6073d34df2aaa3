import { expect, test } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { parseChallenges } from './parse-challenges.ts'

test.each<{ header: string; expected: [string, Record<string, string>][] }>([
  { header: '', expected: [] },
  { header: ' , ,', expected: [] },
  { header: 'Bearer', expected: [['Bearer', {}]] },
  { header: 'Bearer realm="example"', expected: [['Bearer', { realm: 'example' }]] },
  { header: 'bearer ERROR=invalid_token', expected: [['bearer', { error: 'invalid_token' }]] },
  { header: 'Bearer error = "a"', expected: [['Bearer', { error: 'a' }]] },
  { header: 'Bearer realm="a, Basic b=c", error="d"', expected: [['Bearer', { realm: 'a, Basic b=c', error: 'd' }]] },
  {
    header: 'Bearer realm="say \\"hi\\" \\\\", error="d"',
    expected: [['Bearer', { realm: 'say "hi" \\', error: 'd' }]],
  },
  { header: 'Bearer realm=""', expected: [['Bearer', { realm: '' }]] },
  {
    header: 'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
    expected: [
      ['Newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
      ['Basic', { realm: 'simple' }],
    ],
  },
  {
    header: 'Bearer, DPoP algs="ES256 PS256", error="use_dpop_nonce"',
    expected: [
      ['Bearer', {}],
      ['DPoP', { algs: 'ES256 PS256', error: 'use_dpop_nonce' }],
    ],
  },
  {
    header: 'Negotiate, Bearer error="a"',
    expected: [
      ['Negotiate', {}],
      ['Bearer', { error: 'a' }],
    ],
  },
  {
    header: 'Negotiate YII+/a==, Bearer error="a"',
    expected: [
      ['Negotiate', {}],
      ['Bearer', { error: 'a' }],
    ],
  },
  { header: ',Bearer ,error="a",', expected: [['Bearer', { error: 'a' }]] },
  // What the RFC does not allow, and servers send.
  { header: 'Bearer realm="a" error="b"', expected: [['Bearer', { realm: 'a', error: 'b' }]] },
  {
    header: 'Bearer error=a, resource_metadata=https://a.example/b?c',
    expected: [['Bearer', { error: 'a', resource_metadata: 'https://a.example/b?c' }]],
  },
  { header: 'Bearer error="a", error="b"', expected: [['Bearer', { error: 'a' }]] },
  { header: 'Bearer error="a", error_description="never closed', expected: [['Bearer', { error: 'a' }]] },
  { header: 'Bearer error=', expected: [['Bearer', {}]] },
  { header: 'Bearer error=, realm="a"', expected: [['Bearer', { realm: 'a' }]] },
  { header: 'error="a"', expected: [] },
  { header: '"stray" {} Bearer error="a"', expected: [['Bearer', { error: 'a' }]] },
  {
    header: 'Bearer __proto__="a", constructor="b"',
    expected: [['Bearer', JSON.parse('{"__proto__":"a","constructor":"b"}')]],
  },
])('reads $header', ({ header, expected }) => {
  expect(parseChallenges(header)).toEqual(expected.map(([scheme, parameters]) => ({ scheme, parameters })))
})

test('reads back any challenges that were written by the RFC', () => {
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/)
  const value = fc.string({ maxLength: 12 })
  const challenge = fc.record({ scheme: word, parameters: fc.array(fc.tuple(word, value), { maxLength: 4 }) })
  fc.assert(
    fc.property(fc.array(challenge), (challenges) => {
      const quote = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`
      const header = challenges
        .map(({ scheme, parameters }) =>
          `${scheme} ${parameters.map(([name, text]) => `${name}=${quote(text)}`).join(', ')}`.trim(),
        )
        .join(', ')
      const expected = challenges.map(({ scheme, parameters }) => ({
        scheme,
        parameters: Object.fromEntries(parameters.toReversed().map(([name, text]) => [name.toLowerCase(), text])),
      }))
      expect(parseChallenges(header)).toEqual(expected)
    }),
  )
})

test('never throws', () => {
  const piece = fc.constantFrom('Bearer', ' ', ',', '=', '"', '\\', 'error', '\\"', 'a=b', '==', '{')
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
      expect(Array.isArray(parseChallenges(pieces.join('')))).toBe(true)
    }),
  )
})

test.each(['a', ' ', 'a ', '\\"', '"', '=', 'a=', ',', 'Bearer a=', '{', 'a    '])(
  'reads a long header of %j in time proportional to its length',
  (piece) => {
    // The processor's time, not the wall's: what else the machine does is no fault of ours.
    const start = process.threadCpuUsage()
    parseChallenges(piece.repeat(300_000 / piece.length))
    parseChallenges(`Bearer ${piece.repeat(300_000 / piece.length)}`)
    const { user, system } = process.threadCpuUsage(start)
    expect(user + system).toBeLessThan(2_000_000)
  },
)

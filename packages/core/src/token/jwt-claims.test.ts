import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { readJwtClaims } from './jwt-claims.ts'

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

describe('the claims of a JWT', () => {
  it('are read without its signature', () => {
    expect(readJwtClaims(`${encode({ alg: 'none' })}.${encode({ sub: 'alice', exp: 5 })}.nonsense`)).toEqual({
      sub: 'alice',
      exp: 5,
    })
  })

  it('are read whatever characters and padding their encoding has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (subject) => {
        expect(readJwtClaims(`h.${encode({ sub: subject })}.s`)).toEqual({ sub: subject })
      }),
    )
    const padded = Buffer.from('{"a":1}').toString('base64')
    expect(padded).toContain('=')
    expect(readJwtClaims(`h.${padded}.s`)).toEqual({ a: 1 })
  })

  it.each([
    ['an opaque token', 'opaque'],
    ['an empty text', ''],
    ['two parts', `h.${encode({})}`],
    ['five parts, as of an encrypted one', `h.${encode({})}.i.c.t`],
    ['a payload that is no base64', 'h.%%%.s'],
    ['a payload that is no JSON', `h.${encode('{')}.s`],
    ['a payload that is no object', `h.${encode('"text"')}.s`],
    ['a payload that is a list', `h.${encode([1])}.s`],
    ['a payload that is null', `h.${encode('null')}.s`],
    ['an empty payload', 'h..s'],
  ])('P26 are absent from %s, which is no error', (_name, token) => {
    expect(readJwtClaims(token)).toBeUndefined()
  })

  it('are never a reason to throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (one, two, three) => {
        const claims = readJwtClaims([one, two, three].join('.'))
        expect(claims === undefined || typeof claims === 'object').toBe(true)
      }),
    )
  })
})

import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { readCallbackAddress } from './callback-address.ts'

const redirectUri = 'https://app.example/callback?tenant=5'

describe('the address of a page', () => {
  it.each([
    ['https://app.example/callback?code=c&state=s', { state: 's', cleaned: 'https://app.example/callback' }],
    [
      'https://app.example/callback?tenant=5&code=c&state=s&iss=https%3A%2F%2Flogin.example&session_state=x#_=_',
      { state: 's', cleaned: 'https://app.example/callback?tenant=5#_=_' },
    ],
    [
      'https://app.example/callback?error=access_denied&error_description=no&error_uri=u&state=s',
      { state: 's', cleaned: 'https://app.example/callback' },
    ],
    ['https://app.example/callback?error=access_denied&state=', { state: '', cleaned: 'https://app.example/callback' }],
    [
      'https://app.example/callback?code=c&state=s&state=t',
      { state: undefined, cleaned: 'https://app.example/callback' },
    ],
  ])('%s is an answer', (address, callback) => {
    expect(readCallbackAddress(address, redirectUri)).toEqual(callback)
    expect(readCallbackAddress(address)).toEqual(callback)
  })

  it.each([
    'https://app.example/',
    'https://app.example/callback?code=c',
    'https://app.example/callback?state=s',
    'https://app.example/callback?error=e',
    'https://app.example/callback#code=c&state=s',
    'https://app.example/callback?Code=c&State=s',
  ])('%s is none', (address) => {
    expect(readCallbackAddress(address, redirectUri)).toBeUndefined()
    expect(readCallbackAddress(address)).toBeUndefined()
  })

  it.each([
    'https://app.example/shops?state=Iowa&code=50',
    'https://app.example/callback/?state=s&code=c',
    'https://other.example/callback?state=s&code=c',
  ])('%s is none where answers go elsewhere', (address) => {
    expect(readCallbackAddress(address, redirectUri)).toBeUndefined()
    expect(readCallbackAddress(address)).toBeDefined()
  })

  it('is never left with an answer, and with all that is the app’s own', () => {
    const names = ['code', 'state', 'iss', 'error', 'error_description', 'tenant', 'page', '', '%', 'CODE']
    const parameters = fc.array(fc.tuple(fc.constantFrom(...names), fc.string()), { maxLength: 12 })
    fc.assert(
      fc.property(parameters, (pairs) => {
        const url = new URL('https://app.example/callback')
        for (const [name, value] of pairs) url.searchParams.append(name, value)
        const callback = readCallbackAddress(url.href)
        if (callback === undefined) return
        const left = new URL(callback.cleaned).searchParams
        expect(readCallbackAddress(callback.cleaned)).toBeUndefined()
        for (const name of ['code', 'state', 'iss', 'error', 'error_description']) expect(left.has(name)).toBe(false)
        for (const name of ['tenant', 'page', 'CODE']) expect(left.getAll(name)).toEqual(url.searchParams.getAll(name))
      }),
      { numRuns: 500 },
    )
  })
})

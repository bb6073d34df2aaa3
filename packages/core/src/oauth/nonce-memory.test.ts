import { expect, it } from 'vitest'
import { createNonceMemory } from './nonce-memory.ts'

it('finds the latest nonce of an origin, whatever the path, and no other’s', () => {
  const nonces = createNonceMemory()
  nonces.remember('https://a.example/token', 'first')
  nonces.remember('https://a.example/orders?page=2', 'second')
  expect(nonces.find('https://a.example/')).toBe('second')
  expect(nonces.find('https://a.example:8443/')).toBeUndefined()
  expect(nonces.find('https://b.example/')).toBeUndefined()
})

it.each([
  ['a response without one', null],
  ['an empty one', ''],
  ['one of 2049 characters', 'n'.repeat(2049)],
])('keeps what it has after %s', (_name, nonce) => {
  const nonces = createNonceMemory()
  nonces.remember('https://a.example/', 'kept')
  nonces.remember('https://a.example/', nonce)
  expect(nonces.find('https://a.example/')).toBe('kept')
})

it('forgets the origin that it has not heard of for the longest time, beyond a hundred', () => {
  const nonces = createNonceMemory()
  for (let index = 0; index < 100; index += 1) nonces.remember(`https://a${index}.example/`, `${index}`)
  nonces.remember('https://a0.example/', 'again')
  nonces.remember('https://a100.example/', 'one more')
  expect(nonces.find('https://a0.example/')).toBe('again')
  expect(nonces.find('https://a1.example/')).toBeUndefined()
  expect(nonces.find('https://a2.example/')).toBe('2')
})

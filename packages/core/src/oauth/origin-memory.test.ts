import { expect, it } from 'vitest'
import { createOriginMemory } from './origin-memory.ts'

it('finds the latest value of an origin, for any path, and not that of another origin', () => {
  const nonces = createOriginMemory<string>()
  nonces.remember('https://a.example/token', 'first')
  nonces.remember('https://a.example/orders?page=2', 'second')
  expect(nonces.find('https://a.example/')).toBe('second')
  expect(nonces.find('https://a.example:8443/')).toBeUndefined()
  expect(nonces.find('https://b.example/')).toBeUndefined()
})

it('forgets the origin that it has not heard of for the longest time, beyond a hundred', () => {
  const nonces = createOriginMemory<string>()
  for (let index = 0; index < 100; index += 1) nonces.remember(`https://a${index}.example/`, `${index}`)
  nonces.remember('https://a0.example/', 'again')
  nonces.remember('https://a100.example/', 'one more')
  expect(nonces.find('https://a0.example/')).toBe('again')
  expect(nonces.find('https://a1.example/')).toBeUndefined()
  expect(nonces.find('https://a2.example/')).toBe('2')
})

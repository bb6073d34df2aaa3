import { expect, test } from 'vitest'
import { createTokenOrigins } from './token-origins.ts'

const tokenOriginOf = createTokenOrigins([
  'https://api.example',
  'https://api.example:8443',
  'http://localhost:3000',
  'http://127.0.0.1:3000',
  'http://127.8.9.10',
  'http://[::1]:3000',
])

test.each([
  ['https://api.example/', 'https://api.example'],
  ['https://api.example', 'https://api.example'],
  ['https://api.example?a=/', 'https://api.example'],
  ['https://api.example:443/a', 'https://api.example'],
  ['HTTPS://API.EXAMPLE/a', 'https://api.example'],
  ['https://api.example:8443/a', 'https://api.example:8443'],
  ['http://localhost:3000/a', 'http://localhost:3000'],
  ['http://127.0.0.1:3000/a', 'http://127.0.0.1:3000'],
  ['http://127.8.9.10/a', 'http://127.8.9.10'],
  ['http://[::1]:3000/a', 'http://[::1]:3000'],
])('lets the token go to %s', (url, origin) => {
  expect(tokenOriginOf(url)).toBe(origin)
})

test.each([
  ['another host', 'https://other.example/'],
  ['another port', 'https://api.example:444/'],
  ['a host that begins with an allowed one', 'https://api.example.evil.example/'],
  ['an allowed host as a user name', 'https://api.example@evil.example/'],
  ['an allowed host as a user name and password', 'https://api.example:8443@evil.example/'],
  ['an allowed host in a path', 'https://evil.example/https://api.example/'],
  ['plain http beyond loopback, though listed', 'http://api.example/'],
  ['plain http in a private network, though listed', 'http://10.0.0.1/'],
  ['a blob made by an allowed origin', 'blob:https://api.example/3f0a'],
  ['a data URL', 'data:text/plain,a'],
  ['a relative URL where there is nothing to resolve it against', '/a'],
  ['nothing', ''],
])('keeps the token from %s', (_name, url) => {
  expect(tokenOriginOf(url)).toBeUndefined()
})

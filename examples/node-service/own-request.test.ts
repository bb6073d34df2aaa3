import { expect, it } from 'vitest'
import { isOwnRequest } from './own-request.ts'

const allowed = ['127.0.0.1', 'localhost', '[::1]']

it.each([
  [{ host: '127.0.0.1:8080' }, allowed, true],
  [{ host: 'LOCALHOST' }, allowed, true],
  [{ host: '[::1]:8080', origin: 'http://[::1]:8080' }, allowed, true],
  [{ host: 'service.internal' }, undefined, true],
  [{ host: 'service.internal', origin: 'https://service.internal' }, undefined, true],
  // A page whose name leads here.
  [{ host: 'evil.example:8080', origin: 'http://evil.example:8080' }, allowed, false],
  [{ host: 'evil.example:8080' }, allowed, false],
  [{}, allowed, false],
  // A page of another site.
  [{ host: '127.0.0.1:8080', origin: 'https://evil.example' }, allowed, false],
  [{ host: '127.0.0.1:8080', origin: 'null' }, undefined, false],
])('%j at %j: %s', (headers, allowedHosts, isOwn) => {
  expect(isOwnRequest(headers, allowedHosts)).toBe(isOwn)
})

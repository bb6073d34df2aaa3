import { expect, test } from 'vitest'
import { escapeText, unescapeText } from './escape-text.ts'

test.each([
  ['acme:alice', 'acme:alice'],
  ['back\\slash', 'back\\\\slash'],
  ['NUL \0 inside', 'NUL \\u0000 inside'],
  ['lone \ud83d and \udd11', 'lone \\ud83d and \\udd11'],
  ['a pair 🔑 stays', 'a pair 🔑 stays'],
  ['\\u0000 as text', '\\\\u0000 as text'],
])('keeps %j as %j, and gives it back', (text, escaped) => {
  expect(escapeText(text)).toBe(escaped)
  expect(unescapeText(escaped)).toBe(text)
})
